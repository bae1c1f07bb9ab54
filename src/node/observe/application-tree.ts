import { Pace } from './pace.ts'
import { type FamilyRegister, ProcessFamily } from './process-family.ts'
import type { ProcessLook, System, ThreadId } from './system.ts'
import { ThreadSums } from './thread-times.ts'

/** The application's processes on this node, at the last look at them. */
export interface ApplicationLook {
  readonly processes: number
  readonly threads: number
  /** Since the sampler was made; never less than before. */
  readonly cpuSeconds: number
  /** A process that uses cores runs in another session than odop: there, nice values do not decide between the two. */
  readonly elsewhere: boolean
  /** The CPU control group of a process that uses cores, where that is not odop's; null: none was seen. */
  readonly otherCpuGroup: string | null
  /** Resident memory of all processes: pages that they share are counted once for each. */
  readonly memoryBytes: number
  readonly peakMemoryBytes: number
  /** Time that its threads were kept waiting for a core, since the sampler was made; null where the kernel does not say. */
  readonly runDelaySeconds: number | null
  /** Time that the same threads ran, by the same clock. */
  readonly runSeconds: number
  /** When the threads were looked at last, milliseconds since the epoch; null: not yet. */
  readonly lookedAt: number | null
}

export interface ApplicationTreeOptions {
  readonly supervisor: number
  readonly system: System
  /** Holds odop's own families before the first look: what they have is not the application's. */
  readonly register: FamilyRegister
  /** Children that Node has spawned and waits for. */
  isOwnChild(pid: number): boolean
  /** Processes of the application that others have started, such as a step of Slurm; default: there are none. */
  otherPids?(): Iterable<number>
  /** The application's first process, where it has started the supervisor; default: the supervisor has started the application. */
  readonly caller?: number
}

/**
 * The application is what the supervisor has started, apart from odop's own processes, and what it is told of besides. The supervisor is a child
 * subreaper: what daemonises becomes its child, and the supervisor has to wait for it.
 *
 * A look costs some 0.1 ms for each process and 0.02 ms for each thread, so looks are spaced out by what they cost.
 */
export class ApplicationTree {
  readonly #options: ApplicationTreeOptions
  /** What is below the supervisor: odop's, where the application has started the supervisor. */
  readonly #family: ProcessFamily
  /** What others have started, by their roots. */
  readonly #others = new Map<number, ProcessFamily>()
  readonly #pace = new Pace(SHARE_OF_A_CORE, LONGEST_MS)
  readonly #refreshPace = new Pace(SHARE_OF_A_CORE / 2, LONGEST_MS)
  readonly #threads: ThreadSums | null
  readonly #zombiesSince = new Map<number, number>()
  readonly #session: number
  #otherCpuGroup: string | null = null
  #groupsAsked = 0
  #lookedAt: number | null = null
  #cpuSeconds = 0
  #earlierSeconds = 0
  #odopSeconds = 0
  #peakMemoryBytes = 0
  #last: ApplicationLook | null = null

  constructor(options: ApplicationTreeOptions) {
    this.#options = options
    this.#family = new ProcessFamily({ ...options, root: options.supervisor, countRoot: false })
    const { caller } = options
    // After the supervisor's family: what is below both is odop's.
    if (caller !== undefined)
      this.#others.set(caller, new ProcessFamily({ ...options, root: caller, countRoot: true }))
    const walk = options.system.startWalk()
    const supervisor = options.system.process(options.supervisor)
    this.#session = supervisor?.session ?? 0
    this.#threads = supervisor && walk.threadTimes(supervisor) ? new ThreadSums() : null
    // Only what is used from now on counts, not what a supervisor has waited for before, or its caller has used.
    for (const family of this.#families()) {
      family.look(walk)
      family.closeLook(0)
    }
    if (caller === undefined) this.#earlierSeconds = secondsOf(this.#family.members)
    this.#threads?.look(this.#members(), walk)
    this.#threads?.forget()
  }

  due(now: number): boolean {
    return this.#pace.due(now)
  }

  /** A full look; `closeLook` must follow when odop's own families have been looked at. */
  look(now: number): void {
    this.#pace.spend(now, () => {
      const walk = this.#options.system.startWalk()
      this.#meetOthers()
      for (const family of this.#families()) this.#count(family, family.look(walk).selfSeconds)
      if (this.#lookedAt === null)
        for (const { members } of this.#others.values()) this.#earlierSeconds += secondsOf(members)
      this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, this.#memoryBytes())
      this.#threads?.look(this.#members(), walk)
      this.#lookedAt = now
      this.#lookForGroups()
      this.#reapOrphans(now)
      this.#last = null
    })
  }

  /**
   * Between two looks, only at what others have started and is known already: it ends unseen, and what it has used after the last look
   * at it is then known to nobody.
   */
  refresh(now: number): void {
    if (this.#others.size === 0 || !this.#refreshPace.due(now)) return
    this.#refreshPace.spend(now, () => {
      for (const family of this.#others.values()) this.#count(family, family.look(null).selfSeconds)
      this.#closeOthers()
    })
  }

  /** @param endedHereSeconds known CPU time of odop's processes that ended since the look before, and that were the supervisor's children */
  closeLook(endedHereSeconds: number): void {
    this.#count(this.#family, this.#family.closeLook(endedHereSeconds))
    this.#closeOthers()
  }

  #closeOthers(): void {
    for (const [root, family] of this.#others) {
      this.#cpuSeconds += family.closeLook(0)
      if (!family.extinct) continue
      this.#others.delete(root)
      this.#options.register.delete(root)
    }
    this.#last = null
  }

  /**
   * What the application's processes had used when they were seen first: those that the supervisor has started when this was made, others at
   * the first look. Of an application that has started the supervisor it is not known: 0.
   */
  get earlierSeconds(): number {
    return this.#earlierSeconds
  }

  /** What processes that the supervisor has started besides odop's own have used, where they are none of the application's. */
  get odopSeconds(): number {
    return this.#odopSeconds
  }

  #count(family: ProcessFamily, seconds: number): void {
    if (this.#isOdops(family)) this.#odopSeconds += seconds
    else this.#cpuSeconds += seconds
  }

  #isOdops(family: ProcessFamily): boolean {
    return this.#options.caller !== undefined && family === this.#family
  }

  #families(): readonly ProcessFamily[] {
    return [this.#family, ...this.#others.values()]
  }

  #members(): readonly ProcessLook[] {
    if (this.#others.size === 0) return this.#isOdops(this.#family) ? [] : this.#family.members
    return this.#families().flatMap(family => (this.#isOdops(family) ? [] : family.members))
  }

  #memoryBytes(): number {
    return this.#families().reduce(
      (sum, family) => (this.#isOdops(family) ? sum : sum + family.memoryBytes),
      0,
    )
  }

  /** Those that nobody below them stands for: what a process has started belongs to its family. */
  #meetOthers(): void {
    const { otherPids, register, system } = this.#options
    const pids = new Set(otherPids?.() ?? [])
    for (const pid of pids) {
      if (register.has(pid)) continue
      const parent = system.process(pid)?.parent
      if (parent === undefined || pids.has(parent)) continue
      this.#others.set(pid, new ProcessFamily({ root: pid, countRoot: true, system, register }))
    }
  }

  /** Asked for at every look at the node, many more than there are at the tree. */
  get last(): ApplicationLook {
    this.#last ??= this.#summary()
    return this.#last
  }

  #summary(): ApplicationLook {
    const alive = this.#members().filter(member => !member.zombie)
    return {
      processes: alive.length,
      threads: alive.reduce((threads, member) => threads + member.threads, 0),
      cpuSeconds: this.#cpuSeconds,
      elsewhere: alive.some(member => member.session !== this.#session && isUsingCores(member)),
      otherCpuGroup: this.#otherCpuGroup,
      memoryBytes: this.#memoryBytes(),
      peakMemoryBytes: this.#peakMemoryBytes,
      runDelaySeconds: this.#threads?.delaySeconds ?? null,
      runSeconds: this.#threads?.runSeconds ?? 0,
      lookedAt: this.#threads === null ? null : this.#lookedAt,
    }
  }

  /** The threads that have used cores most, at the last look; none where the kernel does not say how long they wait. */
  busiestThreads(count: number): readonly ThreadId[] {
    return this.#threads?.busiest(count) ?? []
  }

  /** A process may change its group at any time: a few are asked at each look, in turn. */
  #lookForGroups(): void {
    if (this.#otherCpuGroup !== null) return
    const { system, supervisor } = this.#options
    const using = this.#members().filter(isUsingCores)
    const own = using.length === 0 ? null : system.cpuGroup(supervisor)
    if (own === null) return
    for (let asked = 0; asked < Math.min(using.length, GROUPS_A_LOOK); asked += 1) {
      const member = using[this.#groupsAsked++ % using.length]
      const group = member === undefined ? null : system.cpuGroup(member.pid)
      if (group !== null && group !== own) this.#otherCpuGroup = group
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
const GROUPS_A_LOOK = 4

function secondsOf(members: readonly ProcessLook[]): number {
  return members.reduce((sum, { selfSeconds, childSeconds }) => sum + selfSeconds + childSeconds, 0)
}

function isUsingCores({ zombie, selfSeconds }: ProcessLook): boolean {
  return !zombie && selfSeconds > NOTEWORTHY_SECONDS
}
