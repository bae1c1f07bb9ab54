import type { CoreId } from '../../core/model.ts'
import type { UseOnCores } from './odop-processes.ts'
import type { CoreTimes } from './system.ts'

/** One core of the allocation over the last look. */
export interface CoreLook {
  readonly core: CoreId
  /** Used by anything but odop's attempts (and its runners that wait for one). */
  readonly foreignShare: number
  /** Used by anything. */
  readonly busyShare: number
}

export type CoreTimesByCore = ReadonlyMap<CoreId, CoreTimes>

/** What odop's processes have used since the look before. */
export interface OdopUse {
  readonly attempts: readonly UseOnCores[]
  /** Of runners between attempts, keeper and loader: wherever they ran. */
  readonly helperSeconds: number
}

/**
 * Tells for each core what others than odop use of it: its busy time less what attempts used there.
 *
 * The kernel counts both in ticks of 10 ms, of which a look of 200 ms has only 20. So the difference is kept as a
 * balance: what rounding takes from one look it gives back to the next, and the sum of all looks is right.
 */
export class CoreMeter {
  readonly #cores: readonly CoreId[]
  #times: CoreTimesByCore
  #at: number
  #pending: OdopUse = { attempts: [], helperSeconds: 0 }
  readonly #balance = new Map<CoreId, number>()
  #looks: readonly CoreLook[]
  #busySeconds = 0

  constructor(cores: readonly CoreId[], times: CoreTimesByCore, now: number) {
    this.#cores = cores
    this.#times = times
    this.#at = now
    // Nothing is known yet: a core is not called idle before it was seen idle.
    this.#looks = cores.map(core => ({ core, foreignShare: 1, busyShare: 1 }))
  }

  /** Of all cores since the beginning. */
  get busySeconds(): number {
    return this.#busySeconds
  }

  /** When `busySeconds` was true: a look that comes too soon after another one is put off to the next. */
  get lookedAt(): number {
    return this.#at
  }

  /** @param soon take the look even if it comes too soon: its shares are coarse, but its sums are right */
  look(times: CoreTimesByCore, now: number, { use, soon }: CoreMeterOptions): readonly CoreLook[] {
    this.#pending = join(this.#pending, use)
    const seconds = (now - this.#at) / 1000
    if (seconds <= 0 || (seconds < SHORTEST_SECONDS && !soon)) return this.#looks
    const growth = new Map(this.#cores.map(core => [core, this.#growth(core, times)]))
    const odop = spread(this.#pending, growth)
    this.#looks = this.#cores.map(core => this.#lookAt(core, { seconds, growth, odop }))
    this.#times = new Map([...this.#times, ...times])
    this.#at = now
    this.#pending = { attempts: [], helperSeconds: 0 }
    return this.#looks
  }

  /** null: the core is offline. */
  #growth(core: CoreId, times: CoreTimesByCore): CoreTimes | null {
    const [before, now] = [this.#times.get(core), times.get(core)]
    if (!before || !now) return null
    return {
      busySeconds: Math.max(0, now.busySeconds - before.busySeconds),
      niceSeconds: Math.max(0, now.niceSeconds - before.niceSeconds),
      stolenSeconds: Math.max(0, now.stolenSeconds - before.stolenSeconds),
    }
  }

  #lookAt(core: CoreId, { seconds, growth, odop }: CoreInterval): CoreLook {
    const grown = growth.get(core)
    if (!grown) return { core, foreignShare: 1, busyShare: 1 }
    const { busySeconds } = grown
    this.#busySeconds += busySeconds
    const balance = (this.#balance.get(core) ?? 0) + busySeconds - (odop.get(core) ?? 0)
    const foreignSeconds = clamp(balance, 0, seconds)
    this.#balance.set(core, clamp(balance - foreignSeconds, -CARRIED_SECONDS, CARRIED_SECONDS))
    const thereSeconds = Math.max(seconds - grown.stolenSeconds, SHORTEST_THERE * seconds)
    return {
      core,
      foreignShare: clamp(foreignSeconds / thereSeconds, 0, 1),
      busyShare: clamp(busySeconds / thereSeconds, 0, 1),
    }
  }
}

/**
 * Shares are of the time in which the core was there: an application that is robbed of a third of its core still has all of
 * it. A core that was hardly there tells little, so what it was used for then is not blown up any further.
 */
const SHORTEST_THERE = 0.25

interface CoreMeterOptions {
  readonly use: OdopUse
  readonly soon: boolean
}

interface CoreInterval {
  readonly seconds: number
  readonly growth: Growth
  readonly odop: ReadonlyMap<CoreId, number>
}

type Growth = ReadonlyMap<CoreId, CoreTimes | null>

/** Two ticks would be a share of 0.5: a shorter look is joined to the next one. */
const SHORTEST_SECONDS = 0.04
/**
 * Rounding makes 2 ticks at most, and on a crowded node some time goes by between the looks at a core and at the
 * attempts on it. A larger difference is an error that later looks must not pay for.
 */
const CARRIED_SECONDS = 0.1

function join(one: OdopUse, other: OdopUse): OdopUse {
  return {
    attempts: [...one.attempts, ...other.attempts],
    helperSeconds: one.helperSeconds + other.helperSeconds,
  }
}

/**
 * How much of each core odop's processes used. An attempt on several cores may use only one of them: attempts run with
 * a raised nice value, so the kernel's count of niced time tells which.
 */
function spread({ attempts, helperSeconds }: OdopUse, growth: Growth): Map<CoreId, number> {
  const used = new Map<CoreId, number>()
  const add = (core: CoreId, seconds: number) => used.set(core, (used.get(core) ?? 0) + seconds)
  for (const { cores, seconds } of attempts) {
    for (const [core, share] of shares(cores, growth)) add(core, seconds * share)
  }
  const niceLeft = [...growth].map(([core, grown]): [CoreId, number] => [
    core,
    Math.max(0, (grown?.niceSeconds ?? 0) - (used.get(core) ?? 0)),
  ])
  const left = niceLeft.reduce((sum, [, seconds]) => sum + seconds, 0)
  // Helpers that are not niced ran as a part of odop that is foreign to the cores like any other program.
  if (left > 0) for (const [core, nice] of niceLeft) add(core, (nice / left) * Math.min(helperSeconds, left))
  return used
}

function shares(cores: readonly CoreId[], growth: Growth): [CoreId, number][] {
  for (const weight of ['niceSeconds', 'busySeconds'] as const) {
    const weights = cores.map((core): [CoreId, number] => [core, growth.get(core)?.[weight] ?? 0])
    const sum = weights.reduce((total, [, seconds]) => total + seconds, 0)
    if (sum > 0) return weights.map(([core, seconds]) => [core, seconds / sum])
  }
  return cores.map(core => [core, 1 / cores.length])
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
