import { Pace } from './pace.ts'
import { type FamilyRegister, ProcessFamily } from './process-family.ts'
import type { ProcessLook, System, Walk } from './system.ts'

/** The application's processes on this node, at the last look at them. */
export interface ApplicationLook {
  readonly processes: number
  readonly threads: number
  /** Since the sampler was made; never less than before. */
  readonly cpuSeconds: number
  /** A process that uses cores runs in another session than odop: there, nice values do not decide between the two. */
  readonly elsewhere: boolean
  /** Resident memory of all processes: pages that they share are counted once for each. */
  readonly memoryBytes: number
  readonly peakMemoryBytes: number
  /** Time that its threads were kept waiting for a core, since the sampler was made; null where the kernel does not say. */
  readonly runDelaySeconds: number | null
}

export interface ApplicationTreeOptions {
  readonly supervisor: number
  readonly system: System
  /** Holds odop's own families before the first look: what they have is not the application's. */
  readonly register: FamilyRegister
  /** Children that Node has spawned and waits for. */
  isOwnChild(pid: number): boolean
}

/**
 * The application is what the supervisor has started, apart from odop's own processes. The supervisor is a child
 * subreaper: what daemonises becomes its child, and the supervisor has to wait for it.
 *
 * A look costs some 0.1 ms for each process and 0.02 ms for each thread, so looks are spaced out by what they cost.
 */
export class ApplicationTree {
  readonly #options: ApplicationTreeOptions
  readonly #family: ProcessFamily
  readonly #pace = new Pace(SHARE_OF_A_CORE, LONGEST_MS)
  readonly #runDelays: RunDelays | null
  readonly #zombiesSince = new Map<number, number>()
  readonly #session: number
  #cpuSeconds = 0
  #peakMemoryBytes = 0

  constructor(options: ApplicationTreeOptions) {
    this.#options = options
    this.#family = new ProcessFamily({ ...options, root: options.supervisor, countRoot: false })
    const walk = options.system.startWalk()
    const supervisor = options.system.process(options.supervisor)
    this.#session = supervisor?.session ?? 0
    this.#runDelays = supervisor && walk.runDelays(supervisor) ? new RunDelays() : null
    // Only what is used from now on counts, not what a supervisor has waited for before.
    this.#family.look(walk)
    this.#family.closeLook(0)
    this.#runDelays?.look(this.#family.members, walk)
    this.#runDelays?.forget()
  }

  due(now: number): boolean {
    return this.#pace.due(now)
  }

  /** A full look; `closeLook` must follow when odop's own families have been looked at. */
  look(now: number): void {
    this.#pace.spend(now, () => {
      const walk = this.#options.system.startWalk()
      this.#cpuSeconds += this.#family.look(walk).selfSeconds
      this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, this.#family.memoryBytes)
      this.#runDelays?.look(this.#family.members, walk)
      this.#reapOrphans(now)
    })
  }

  /** @param endedHereSeconds known CPU time of odop's processes that ended since the look before, and that were the supervisor's children */
  closeLook(endedHereSeconds: number): void {
    this.#cpuSeconds += this.#family.closeLook(endedHereSeconds)
  }

  get last(): ApplicationLook {
    const alive = this.#family.members.filter(member => !member.zombie)
    return {
      processes: alive.length,
      threads: alive.reduce((threads, member) => threads + member.threads, 0),
      cpuSeconds: this.#cpuSeconds,
      elsewhere: alive.some(
        member => member.session !== this.#session && member.selfSeconds > NOTEWORTHY_SECONDS,
      ),
      memoryBytes: this.#family.memoryBytes,
      peakMemoryBytes: this.#peakMemoryBytes,
      runDelaySeconds: this.#runDelays?.seconds ?? null,
    }
  }

  /**
   * Node must get the exit status of every child that it has spawned itself, so those are left alone; and since Node
   * waits for its own at once, a zombie that is still there after a while is surely none of them.
   */
  #reapOrphans(now: number): void {
    const zombies = this.#family.members.filter(
      ({ zombie, parent, pid }) =>
        zombie && parent === this.#options.supervisor && !this.#options.isOwnChild(pid),
    )
    const pids = new Set(zombies.map(({ pid }) => pid))
    for (const pid of this.#zombiesSince.keys()) if (!pids.has(pid)) this.#zombiesSince.delete(pid)
    for (const pid of pids) {
      const since = this.#zombiesSince.get(pid)
      if (since === undefined) this.#zombiesSince.set(pid, now)
      else if (now - since >= ZOMBIE_MS) this.#options.system.reap(pid)
    }
  }
}

/** All of odop may use 1 % of a core while it only watches; the tree is the largest part of that. */
const SHARE_OF_A_CORE = 0.002
const LONGEST_MS = 10_000
const ZOMBIE_MS = 500
/** A process that has used so much may use more. */
const NOTEWORTHY_SECONDS = 0.3

/** Adds up how long threads were kept waiting; what ended threads had waited stays in the sum. */
class RunDelays {
  #seconds = 0
  #lastOfThreads = new Map<number, number>()

  get seconds(): number {
    return this.#seconds
  }

  look(members: readonly ProcessLook[], walk: Walk): void {
    const now = new Map<number, number>()
    for (const member of members) {
      const delays = member.zombie ? null : walk.runDelays(member)
      for (const [thread, seconds] of delays ?? []) now.set(thread, seconds)
    }
    for (const [thread, seconds] of now) {
      const before = this.#lastOfThreads.get(thread) ?? 0
      // Less than before: another thread has the number now.
      this.#seconds += seconds < before ? seconds : seconds - before
    }
    this.#lastOfThreads = now
  }

  /** What was waited so far does not count. */
  forget(): void {
    this.#seconds = 0
  }
}
