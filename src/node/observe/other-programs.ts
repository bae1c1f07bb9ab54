import type { CoreId } from '../../core/model.ts'
import type { ProcessLook, System } from './system.ts'

/** A process that is neither the application's nor odop's. */
export interface Stranger {
  readonly pid: number
  /** It starts the application's processes, as `slurmstepd` does: what it, or who waits for it, has waited for is the application's. */
  readonly startsRanks: boolean
}

export interface OtherProgramsOptions {
  readonly system: Pick<System, 'process' | 'allowedCores'>
  /** Those whose use counts. */
  readonly cores: readonly CoreId[]
  strangers(): Iterable<Stranger>
}

/**
 * What programs have used of the cores that are neither the application's nor odop's: the daemons of Slurm, services,
 * other users' processes.
 *
 * A process counts for these cores by their share of those that it may use: wherever the job has the node for itself, that is all of
 * it. What came and went between two looks is found in the times of the process that has waited for it; where
 * nobody counted here has, it is missing.
 */
export class OtherPrograms {
  readonly #options: OtherProgramsOptions
  readonly #cores: ReadonlySet<CoreId>
  /** They wait for processes that start ranks, as init does. */
  readonly #waitForRanks = new Set<number>([1])
  #before: ReadonlyMap<number, ProcessLook>
  #newestTicks = Number.POSITIVE_INFINITY
  /** Of those that have used something. */
  readonly #shares = new Map<number, number>()
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
    const ended = endedChildren(before, this.#before)
    for (const look of this.#before.values()) {
      const then = sameBefore(before, look) ?? (look.startTicks < this.#newestTicks ? look : undefined)
      const selfSeconds = Math.max(0, look.selfSeconds - (then?.selfSeconds ?? 0))
      if (selfSeconds > 0) this.#usedSeconds += selfSeconds * this.#share(look.pid)
      this.#usedSeconds += this.#waitedFor(then, look, ended.get(look.pid) ?? [])
    }
    for (const children of ended.values()) for (const { pid } of children) this.#shares.delete(pid)
    this.#newestTicks = newestTicks(this.#before)
    return this.#usedSeconds
  }

  /** What children have used after the last look at them counts as theirs did; of those that nobody has seen, as their parent's does. */
  #waitedFor(then: ProcessLook | undefined, look: ProcessLook, ended: readonly ProcessLook[]): number {
    if (this.#waitForRanks.has(look.pid)) return 0
    const known = ended.reduce((sum, child) => sum + child.selfSeconds + child.childSeconds, 0)
    const seconds = look.childSeconds - (then?.childSeconds ?? 0) - known
    if (seconds <= 0) return 0
    const shares = ended.flatMap(({ pid }) => this.#shares.get(pid) ?? [])
    const sum = shares.reduce((all, share) => all + share, 0)
    return seconds * (shares.length > 0 ? sum / shares.length : this.#share(look.pid))
  }

  #share(pid: number): number {
    const share = shareOf(this.#options.system.allowedCores(pid), this.#cores)
    this.#shares.set(pid, share)
    return share
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

/** Those that have ended, as they were seen last, by the process that has waited for them. */
function endedChildren(
  before: ReadonlyMap<number, ProcessLook>,
  now: ReadonlyMap<number, ProcessLook>,
): Map<number, ProcessLook[]> {
  const ended = new Map<number, ProcessLook[]>()
  for (const then of before.values()) {
    if (now.get(then.pid)?.startTicks === then.startTicks) continue
    ended.set(then.parent, [...(ended.get(then.parent) ?? []), then])
  }
  return ended
}

function shareOf(allowed: readonly CoreId[] | null, cores: ReadonlySet<CoreId>): number {
  if (allowed === null || allowed.length === 0) return 1
  return allowed.filter(core => cores.has(core)).length / allowed.length
}

function sameBefore(before: ReadonlyMap<number, ProcessLook>, look: ProcessLook): ProcessLook | undefined {
  const then = before.get(look.pid)
  return then?.startTicks === look.startTicks ? then : undefined
}
