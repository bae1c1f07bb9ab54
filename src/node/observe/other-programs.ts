import type { CoreId } from '../../core/model.ts'
import type { ProcessLook, System } from './system.ts'

/** A process that is neither the application's nor odop's. */
export interface Stranger {
  readonly pid: number
  /** It starts the application's processes, as `slurmstepd` does: what it, or who waits for it, has waited for is the application's. */
  readonly startsRanks: boolean
}

export interface OtherProgramsOptions {
  readonly system: Pick<System, 'process'>
  /** Those whose use counts. */
  readonly cores: readonly CoreId[]
  strangers(): Iterable<Stranger>
}

/**
 * What programs have used of the cores that are neither the application's nor odop's: the daemons of Slurm, services,
 * other users' processes.
 *
 * A process counts whole for the core that it was seen on, so the sum is right over many looks, or where all of the machine's
 * cores are counted. What came and went between two looks is found in the times of the process that has waited for it; where
 * nobody counted here has, it is missing.
 */
export class OtherPrograms {
  readonly #options: OtherProgramsOptions
  readonly #cores: ReadonlySet<CoreId>
  /** They wait for processes that start ranks, as init does. */
  readonly #waitForRanks = new Set<number>([1])
  #before: ReadonlyMap<number, ProcessLook>
  #newestTicks = Number.POSITIVE_INFINITY
  #usedSeconds = 0

  constructor(options: OtherProgramsOptions) {
    this.#options = options
    this.#cores = new Set(options.cores)
    this.#before = this.#read()
    this.#newestTicks = newestTicks(this.#before)
  }

  /** A look; what was used since this was made, up to now: never less than at the look before. */
  usedSeconds(): number {
    const before = this.#before
    this.#before = this.#read()
    const ended = endedSeconds(before, this.#before)
    for (const look of this.#before.values()) {
      if (look.core !== undefined && !this.#cores.has(look.core)) continue
      const then = sameBefore(before, look) ?? (look.startTicks < this.#newestTicks ? look : undefined)
      this.#usedSeconds += Math.max(0, look.selfSeconds - (then?.selfSeconds ?? 0))
      if (this.#waitForRanks.has(look.pid)) continue
      const waitedFor = look.childSeconds - (then?.childSeconds ?? 0) - (ended.get(look.pid) ?? 0)
      this.#usedSeconds += Math.max(0, waitedFor)
    }
    this.#newestTicks = newestTicks(this.#before)
    return this.#usedSeconds
  }

  #read(): Map<number, ProcessLook> {
    const looks = new Map<number, ProcessLook>()
    for (const { pid, startsRanks } of this.#options.strangers()) {
      const look = this.#options.system.process(pid)
      if (look === null) continue
      looks.set(pid, look)
      if (startsRanks) for (const waiting of [pid, look.parent]) this.#waitForRanks.add(waiting)
    }
    return looks
  }
}

/** Whoever is met for the first time and has begun before this one was overlooked: what it has used meanwhile is not known. */
function newestTicks(looks: ReadonlyMap<number, ProcessLook>): number {
  return Math.max(0, ...[...looks.values()].map(({ startTicks }) => startTicks))
}

/** All that was known of those that have ended, by the process that has waited for them. */
function endedSeconds(
  before: ReadonlyMap<number, ProcessLook>,
  now: ReadonlyMap<number, ProcessLook>,
): Map<number, number> {
  const ended = new Map<number, number>()
  for (const then of before.values()) {
    if (now.get(then.pid)?.startTicks === then.startTicks) continue
    const known = then.selfSeconds + then.childSeconds
    ended.set(then.parent, (ended.get(then.parent) ?? 0) + known)
  }
  return ended
}

function sameBefore(before: ReadonlyMap<number, ProcessLook>, look: ProcessLook): ProcessLook | undefined {
  const then = before.get(look.pid)
  return then?.startTicks === look.startTicks ? then : undefined
}
