import type { AttemptId, AttemptSample, CoreId } from '../../core/model.ts'
import { Pace } from './pace.ts'
import { type FamilyLook, type FamilyRegister, ProcessFamily } from './process-family.ts'
import type { System, Walk } from './system.ts'

/** An attempt that executes now: the runners that it is in, and the cores to which they are pinned. */
export interface RunningAttempt {
  readonly attempt: AttemptId
  readonly pids: readonly number[]
  readonly cores: readonly CoreId[]
}

/** What an attempt has used so far. */
export interface AttemptUse {
  /** 0 where only its runner can tell. */
  readonly cpuSeconds: number
  readonly peakMemoryBytes: number
}

/** CPU time that was used on some of these cores. */
export interface UseOnCores {
  readonly cores: readonly CoreId[]
  readonly seconds: number
}

export interface OdopProcessesOptions {
  readonly supervisor: number
  readonly system: System
  readonly register: FamilyRegister
  attempts(): Iterable<RunningAttempt>
  helpers(): Iterable<number>
  /**
   * The one whose first thread alone starts others. Its other threads are not looked at: what the kernel then keeps of them in
   * memory it clears away when they end, and meanwhile whoever waits for their process waits busily. Where the two share one
   * core, and the keeper is of the lowest nice value, that took up to a second.
   */
  keeper?(): number | null
}

/**
 * odop's own processes: every runner, keeper and loader is the root of a family. A runner is kept over many attempts:
 * what its family uses counts for the attempt that it executes, and for odop in between.
 */
export class OdopProcesses {
  readonly #options: OdopProcessesOptions
  readonly #families = new Map<number, ProcessFamily>()
  readonly #attempts = new Map<AttemptId, AttemptAccount>()
  readonly #accountOfRoot = new Map<number, AttemptAccount>()
  readonly #pace = new Pace(SHARE_OF_A_CORE, LONGEST_MS)
  /** Known CPU time of processes that ended, by the pid of the one that waits for them, and whose they were. */
  #ended: EndedProcesses[] = []
  readonly #supervisorStartSeconds: number
  #supervisorSeconds = 0
  #helperSeconds = 0
  #helperSecondsTaken = 0
  #taskSeconds = 0
  #usedOnCores: UseOnCores[] = []
  #memoryBytes = 0
  #peakMemoryBytes = 0
  #tasksMemoryBytes = 0
  #tasksPeakMemoryBytes = 0

  constructor(options: OdopProcessesOptions) {
    this.#options = options
    this.#supervisorStartSeconds = options.system.process(options.supervisor)?.selfSeconds ?? 0
  }

  /** Must come before every look at the application, so that new processes of odop are not taken for its. */
  enroll(): void {
    this.#accountOfRoot.clear()
    const listed = new Set<AttemptId>()
    for (const running of this.#options.attempts()) {
      listed.add(running.attempt)
      this.#openAccount(running)
    }
    for (const attempt of this.#attempts.keys()) if (!listed.has(attempt)) this.#attempts.delete(attempt)
    for (const pid of this.#options.helpers()) this.#familyOf(pid)
  }

  /** A look at everything; returns the known CPU time of the supervisor's children that ended since the look before. */
  look(now: number, full: boolean): number {
    const supervisor = this.#options.system.process(this.#options.supervisor)
    if (supervisor) this.#supervisorSeconds = supervisor.selfSeconds - this.#supervisorStartSeconds
    const families = this.#parentsFirst()
    if (full || this.#pace.due(now)) {
      this.#pace.spend(now, () => this.#lookAt(families, this.#options.system.startWalk()))
    } else this.#lookAt(families, null)
    this.#measureMemory(supervisor?.memoryBytes ?? 0)
    this.#dismissExtinct()
    return this.#takeEndedBelow(this.#options.supervisor)
  }

  /** An attempt begins: what its runners have used up to now was odop's. */
  attemptBegan(running: RunningAttempt): void {
    for (const pid of running.pids) this.#accountOfRoot.delete(pid)
    this.#lookAtRoots(running.pids)
    this.#openAccount(running)
  }

  /** An attempt has ended: its use until now. From here on its runners are odop's again. */
  attemptEnded(running: RunningAttempt): AttemptUse {
    const account = this.#openAccount(running)
    this.#lookAtRoots(running.pids)
    for (const pid of running.pids) this.#accountOfRoot.delete(pid)
    this.#attempts.delete(running.attempt)
    return usedBy(account)
  }

  /** It was killed: its processes lose their memory before the kernel has freed it. */
  attemptKilled(attempt: AttemptId): void {
    const account = this.#attempts.get(attempt)
    if (account) account.killedBytes = account.memoryBytes
  }

  /** @param bytes what all attempts together may have at this moment */
  measureRoom(bytes: number): void {
    for (const account of this.#attempts.values())
      account.mostRoomBytes = Math.max(account.mostRoomBytes, bytes)
  }

  /** What is seen of the runners at the next look counts for `next`, though a part may have been for `running`. */
  attemptFollowed(running: RunningAttempt, next: RunningAttempt): AttemptUse {
    const account = this.#openAccount(running)
    this.#attempts.delete(running.attempt)
    this.#openAccount(next).isShared = true
    return usedBy(account)
  }

  attemptSamples(): AttemptSample[] {
    return [...this.#attempts.values()].map(account => ({
      attempt: account.running.attempt,
      cpuSeconds: account.cpuSeconds,
      memoryBytes: Math.max(account.memoryBytes, account.killedBytes),
      mostRoomBytes: account.mostRoomBytes,
    }))
  }

  pidsOf(attempt: AttemptId): number[] {
    const roots = this.#attempts.get(attempt)?.running.pids ?? []
    return roots.flatMap(root => this.#families.get(root)?.members.map(({ pid }) => pid) ?? [])
  }

  /** What was used since this was asked last: by each attempt on its cores, and by helpers wherever they ran. */
  takeUse(): { readonly attempts: readonly UseOnCores[]; readonly helperSeconds: number } {
    const use = { attempts: this.#usedOnCores, helperSeconds: this.#helperSeconds - this.#helperSecondsTaken }
    this.#usedOnCores = []
    this.#helperSecondsTaken = this.#helperSeconds
    return use
  }

  get totals(): OdopTotals {
    return {
      taskSeconds: this.#taskSeconds,
      odopSeconds: this.#supervisorSeconds + this.#helperSeconds,
      memoryBytes: this.#memoryBytes,
      peakMemoryBytes: this.#peakMemoryBytes,
      tasksMemoryBytes: this.#tasksMemoryBytes,
      tasksPeakMemoryBytes: this.#tasksPeakMemoryBytes,
    }
  }

  #openAccount(running: RunningAttempt): AttemptAccount {
    const account = this.#attempts.get(running.attempt) ?? {
      running,
      isShared: false,
      cpuSeconds: 0,
      memoryBytes: 0,
      peakMemoryBytes: 0,
      killedBytes: 0,
      mostRoomBytes: Number.NEGATIVE_INFINITY,
    }
    account.running = running
    this.#attempts.set(running.attempt, account)
    for (const pid of running.pids) {
      this.#familyOf(pid)
      this.#accountOfRoot.set(pid, account)
    }
    return account
  }

  #familyOf(root: number): ProcessFamily {
    let family = this.#families.get(root)
    if (!family) {
      family = new ProcessFamily({ ...this.#options, root, countRoot: true })
      this.#families.set(root, family)
    }
    return family
  }

  /** Keepers before their runners, as `ProcessFamily` wants it. */
  #parentsFirst(): ProcessFamily[] {
    const families = [...this.#families.values()]
    const isInner = ({ parent }: ProcessFamily) =>
      parent !== null && this.#familyHolding(parent) !== undefined
    return [...families.filter(family => !isInner(family)), ...families.filter(isInner)]
  }

  #familyHolding(pid: number): ProcessFamily | undefined {
    const family = this.#options.register.get(pid)
    return family && this.#families.get(family.root) === family ? family : undefined
  }

  /** Between two full looks. When a root has ended, the process that waited for it must be looked at, too: first. */
  #lookAtRoots(pids: readonly number[]): void {
    const families = pids.map(pid => this.#familyOf(pid))
    const ended = families.some(family => this.#options.system.process(family.root) === null)
    this.#lookAt(ended ? this.#parentsFirst() : families, null)
  }

  #lookAt(families: readonly ProcessFamily[], walk: Walk | null): void {
    for (const family of families) {
      // A family that was never looked at has its members still to be found.
      const look = family.look(walk ?? (family.parent === null ? this.#options.system.startWalk() : null))
      this.#credit(family, look.selfSeconds)
      this.#rememberEnded(family, look)
    }
    for (const family of families) {
      const ended = this.#ended.filter(({ waiting }) => this.#familyHolding(waiting) === family)
      this.#ended = this.#ended.filter(each => !ended.includes(each))
      const reaped = family.closeLook(ended.reduce((seconds, each) => seconds + each.seconds, 0))
      // What a keeper has found more at a runner that ended is that runner's last use.
      this.#credit(ended[0]?.family ?? family, reaped)
    }
  }

  #rememberEnded(family: ProcessFamily, { endedElsewhere }: FamilyLook): void {
    for (const [waiting, seconds] of endedElsewhere) this.#ended.push({ family, waiting, seconds })
  }

  #takeEndedBelow(supervisor: number): number {
    const ended = this.#ended.filter(({ waiting }) => waiting === supervisor)
    // A keeper that shows what it waited for a look later still needs the others; older ones nobody will show.
    this.#ended = this.#ended.filter(({ waiting }) => this.#familyHolding(waiting) !== undefined)
    return ended.reduce((seconds, each) => seconds + each.seconds, 0)
  }

  #credit(family: ProcessFamily, seconds: number): void {
    if (seconds === 0) return
    const account = this.#accountOfRoot.get(family.root)
    if (!account) {
      this.#helperSeconds += seconds
      return
    }
    account.cpuSeconds += seconds
    this.#taskSeconds += seconds
    this.#usedOnCores.push({ cores: account.running.cores, seconds })
  }

  #measureMemory(supervisorBytes: number): void {
    let helperBytes = 0
    let tasksBytes = 0
    for (const account of this.#attempts.values()) account.memoryBytes = 0
    for (const family of this.#families.values()) {
      const account = this.#accountOfRoot.get(family.root)
      if (account) account.memoryBytes += family.memoryBytes
      else helperBytes += family.memoryBytes
    }
    for (const account of this.#attempts.values()) {
      account.peakMemoryBytes = Math.max(account.peakMemoryBytes, account.memoryBytes)
      tasksBytes += account.memoryBytes
    }
    this.#memoryBytes = supervisorBytes + helperBytes
    this.#peakMemoryBytes = Math.max(this.#peakMemoryBytes, this.#memoryBytes)
    this.#tasksMemoryBytes = tasksBytes
    this.#tasksPeakMemoryBytes = Math.max(this.#tasksPeakMemoryBytes, tasksBytes)
  }

  #dismissExtinct(): void {
    for (const family of this.#families.values()) {
      if (!family.extinct) continue
      this.#families.delete(family.root)
      this.#options.register.delete(family.root)
    }
  }
}

export interface OdopTotals {
  readonly taskSeconds: number
  /** Of the supervisor, its helpers, and runners between attempts. */
  readonly odopSeconds: number
  readonly memoryBytes: number
  readonly peakMemoryBytes: number
  readonly tasksMemoryBytes: number
  readonly tasksPeakMemoryBytes: number
}

interface AttemptAccount {
  running: RunningAttempt
  /** Its CPU time holds that of attempts before it. */
  isShared: boolean
  cpuSeconds: number
  memoryBytes: number
  peakMemoryBytes: number
  /** What it had when it was killed. */
  killedBytes: number
  mostRoomBytes: number
}

function usedBy({ isShared, cpuSeconds, peakMemoryBytes }: AttemptAccount): AttemptUse {
  return { cpuSeconds: isShared ? 0 : cpuSeconds, peakMemoryBytes }
}

interface EndedProcesses {
  readonly family: ProcessFamily
  readonly waiting: number
  readonly seconds: number
}

/** For finding new processes in attempts; those that are known are read at every look. */
const SHARE_OF_A_CORE = 0.002
const LONGEST_MS = 4_000
