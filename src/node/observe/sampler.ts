import type { AttemptId, AttemptSample, CoreSeconds, NodeFacts, NodeUsage } from '../../core/model.ts'
import { ApplicationAccount } from './application-account.ts'
import { type ApplicationLook, ApplicationTree } from './application-tree.ts'
import { type CoreLook, CoreMeter } from './core-meter.ts'
import { freeMemory } from './free-memory.ts'
import { linuxSystem } from './linux-system.ts'
import { type AttemptUse, OdopProcesses, type RunningAttempt } from './odop-processes.ts'
import type { Stranger } from './other-programs.ts'
import { portableSystem } from './portable-system.ts'
import type { FamilyRegister } from './process-family.ts'
import type { System, ThreadId } from './system.ts'

export interface SamplerOptions {
  readonly facts: NodeFacts
  /** The pid of this process, below which everything runs. */
  readonly supervisor: number
  readonly now: number
  /** Since when the node belongs to the launch: the accounting is from then on. Default: 0. */
  readonly launchedSecondsAgo?: number
  readonly memoryReserveBytes: number
  /** What executes now. An attempt that is no longer named is forgotten. */
  attempts(): Iterable<RunningAttempt>
  /** All other processes that odop has started, each with what it started itself: keeper, loader, runners between attempts. */
  helpers(): Iterable<number>
  /** See `OdopProcessesOptions`. */
  keeper?(): number | null
  /** Whether Node itself has spawned this child and waits for it: the application, the keeper, the loader. */
  isOwnChild(pid: number): boolean
  /** Processes of the application that are not below this one; asked for at each look at the application. */
  otherPids?(): Iterable<number>
  /** Processes that are surely neither the application's nor odop's; missing: whatever is not odop's counts as the application's. */
  strangers?(): Iterable<Stranger>
  /** See `ApplicationTreeOptions`. */
  readonly caller?: number
  /** Default: this machine's. */
  readonly system?: System
}

/** What one look at the node found. Sums are since the sampler was made, and never less than at the look before. */
export interface NodeLook {
  readonly at: number
  readonly cores: readonly CoreLook[]
  /** Below 0 where the reserve is touched. */
  readonly availableMemoryBytes: number
  readonly attempts: readonly AttemptSample[]
  readonly application: ApplicationLook
  readonly tasks: { readonly cpuSeconds: number; readonly memoryBytes: number }
  readonly odop: { readonly cpuSeconds: number; readonly memoryBytes: number }
}

/** Observes one node. Nothing here waits or throws; make it before the application is started. */
export interface Sampler {
  /**
   * One look. The application's tree, which costs most, is looked at only now and then, unless the look is full:
   * the last one of a run should be, so that nothing is missing.
   */
  sample(now: number, options?: { readonly full: boolean }): NodeLook
  /** To be called when an attempt begins and ends in a runner that is kept: between looks, each costs some 0.1 ms. */
  attemptBegan(attempt: RunningAttempt): void
  attemptEnded(attempt: RunningAttempt): AttemptUse
  /** To be called when an attempt is killed: what it had counts as its until it is gone. */
  attemptKilled(attempt: AttemptId): void
  /** Memory that attempts may still take, by the kernel's count alone: between looks; null: it does not count. */
  availableMemoryBytes(): number | null
  /** Both at once, without a look: the CPU time of attempts that follow each other is known to their runner only. */
  attemptFollowed(attempt: RunningAttempt, next: RunningAttempt): AttemptUse
  /** Until the last look. */
  usage(): Omit<NodeUsage, 'interference'>
  /** The threads of the application that have used cores most, see `ThreadWatch`. */
  busiestThreads(count: number): readonly ThreadId[]
  /**
   * The part of `usage().coreSeconds.app` that no process of the application's tree has used: others on the same cores. null: they
   * are told apart, see `NodeUsage.otherCoreSeconds`.
   */
  outsideSeconds(): number | null
  /** Memory of an attempt with shared pages counted once, to be sure before it is ended for it; slow. null: unknown. */
  exactMemoryBytes(attempt: AttemptId): number | null
}

export function createSampler(options: SamplerOptions): Sampler {
  const system = options.system ?? thisSystem(options.caller ?? options.supervisor)
  const { facts, memoryReserveBytes, launchedSecondsAgo = 0 } = options
  const register: FamilyRegister = new Map()
  const odop = new OdopProcesses({ ...options, system, register })
  odop.enroll()
  const application = new ApplicationTree({ ...options, system, register })
  const cores = new CoreMeter(facts.cores, system.coreTimes(), options.now)
  const { strangers } = options
  const account = strangers && new ApplicationAccount({ system, cores: facts.cores, strangers })
  const free = freeMemory({ system, limitBytes: facts.memoryLimitBytes, reserveBytes: memoryReserveBytes })
  let lastAt = options.now
  let endedSeconds = 0

  /** Attempts at once after the cores, to fit their times; the slow look at the application comes behind. */
  const lookAtProcesses = (now: number, full: boolean) => {
    odop.enroll()
    endedSeconds += odop.look(now, full)
    if (!full && !application.due(now)) {
      application.refresh(now)
      return
    }
    application.look(now)
    // Which of odop's processes are gone must be found out after the supervisor's times were read, not before.
    endedSeconds += odop.look(now, false)
    application.closeLook(endedSeconds)
    endedSeconds = 0
  }

  const availableAtLook = () => {
    const { memoryBytes, tasksMemoryBytes } = odop.totals
    return free.atLook(application.last.memoryBytes + tasksMemoryBytes + memoryBytes)
  }

  /** Before this was made nobody has looked at the cores: what its processes tell is the least that the application has used. */
  const earlierSeconds = () => Math.min(application.earlierSeconds, launchedSecondsAgo * facts.cores.length)
  const odopSeconds = () => odop.totals.odopSeconds + application.odopSeconds
  const coreSeconds = () => {
    const { taskSeconds } = odop.totals
    const elapsedSeconds = launchedSecondsAgo + Math.max(0, lastAt - options.now) / 1000
    return share(elapsedSeconds * facts.cores.length, {
      busySeconds: earlierSeconds() + cores.busySeconds,
      taskSeconds,
      odopSeconds: odopSeconds(),
    })
  }

  return {
    sample: (now, { full } = { full: false }) => {
      const coreTimes = system.coreTimes()
      lookAtProcesses(now, full)
      const coreLooks = cores.look(coreTimes, now, { use: odop.takeUse(), soon: full })
      lastAt = cores.lookedAt
      const availableMemoryBytes = availableAtLook()
      // Somebody will have to go: what each has used must be known, also of processes that have just come.
      if (availableMemoryBytes <= 0 && !full) endedSeconds += odop.look(now, true)
      const { taskSeconds, memoryBytes, tasksMemoryBytes } = odop.totals
      odop.measureRoom(availableMemoryBytes + tasksMemoryBytes)
      return {
        at: now,
        cores: coreLooks,
        availableMemoryBytes,
        attempts: odop.attemptSamples(),
        application: application.last,
        tasks: { cpuSeconds: taskSeconds, memoryBytes: tasksMemoryBytes },
        odop: { cpuSeconds: odopSeconds(), memoryBytes },
      }
    },
    attemptBegan: attempt => odop.attemptBegan(attempt),
    attemptEnded: attempt => odop.attemptEnded(attempt),
    attemptKilled: attempt => odop.attemptKilled(attempt),
    availableMemoryBytes: () => free.byKernel(),
    attemptFollowed: (attempt, next) => odop.attemptFollowed(attempt, next),
    usage: () => ({
      node: facts.name,
      ...withoutOthers(coreSeconds(), account, application.last),
      memoryBytes: {
        limit: facts.memoryLimitBytes,
        appPeak: application.last.peakMemoryBytes,
        tasksPeak: odop.totals.tasksPeakMemoryBytes,
        odopPeak: odop.totals.peakMemoryBytes,
      },
      appRunDelaySeconds: application.last.runDelaySeconds,
    }),
    busiestThreads: count => application.busiestThreads(count),
    outsideSeconds: () =>
      account ? null : Math.max(0, coreSeconds().app - earlierSeconds() - application.last.cpuSeconds),
    exactMemoryBytes: attempt => exactMemoryBytes(odop.pidsOf(attempt), system),
  }
}

/** @param root the pid below which everything runs */
export function thisSystem(root: number): System {
  return process.platform === 'linux' ? linuxSystem() : portableSystem(root)
}

interface Use {
  readonly busySeconds: number
  readonly taskSeconds: number
  readonly odopSeconds: number
}

/**
 * Cores and processes are counted by different clocks of the kernel: the parts are fitted into the whole one after
 * the other, those that are known best first, and what is left is idle.
 */
function share(total: number, { busySeconds, taskSeconds, odopSeconds }: Use): CoreSeconds {
  const tasks = Math.min(taskSeconds, total)
  const odop = Math.min(odopSeconds, total - tasks)
  const app = Math.max(0, Math.min(busySeconds, total) - tasks - odop)
  return { total, app, tasks, odop, idle: total - tasks - odop - app }
}

/** What others have used is time that the application has left, though not to the attempts. */
function withoutOthers(
  all: CoreSeconds,
  account: ApplicationAccount | undefined,
  { cpuSeconds, processes }: ApplicationLook,
): Pick<NodeUsage, 'coreSeconds' | 'otherCoreSeconds'> {
  if (account === undefined) return { coreSeconds: all }
  const { app, others } = account.split({ seconds: all.app, seenSeconds: cpuSeconds, processes })
  return { coreSeconds: { ...all, app, idle: all.idle + others }, otherCoreSeconds: others }
}

function exactMemoryBytes(pids: readonly number[], system: System): number | null {
  const known = pids.flatMap(pid => system.proportionalMemoryBytes(pid) ?? [])
  return known.length === 0 ? null : known.reduce((sum, bytes) => sum + bytes, 0)
}
