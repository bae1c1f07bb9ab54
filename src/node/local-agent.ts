import { type CoreJudgement, idleOptions, judgeNode, UNSEEN } from '../core/idle.ts'
import type { AttemptId, CoreId, NodeFacts, NodeSnapshot, Settings } from '../core/model.ts'
import { readProc } from '../os/proc.ts'
import type { Agent, AttemptReport } from './agent.ts'
import { type KeeperClient, startKeeper } from './keeper-client.ts'
import type { RunningAttempt } from './observe/odop-processes.ts'
import { createSampler, type NodeLook } from './observe/sampler.ts'

export interface LocalAgentOptions {
  readonly facts: NodeFacts
  readonly settings: Settings
  readonly environment: NodeJS.ProcessEnv
  /** Other processes of odop on this node whose cost is odop's, such as the loader and the witness. */
  readonly helpers: () => Iterable<number>
  readonly isOwnChild: (pid: number) => boolean
  /** False once it has ended: then there is nobody to leave cores to, and attempts have the lowest priority anyway. */
  readonly applicationRuns: () => boolean
  readonly now: () => number
  readonly onReport: (report: AttemptReport) => void
  readonly onFailure: (text: string) => void
  /** The application was seen in a session of its own; attempts that run now are beside it as equals. Once. */
  readonly onSessionLeft: () => void
}

/** The agent of the supervisor's own node, with what only the supervisor's node can tell. */
export interface LocalAgent extends Agent {
  /** There will be attempts: a runner is kept ready from now on. */
  prepare(): void
  /** The last look, for metrics; null before the first one. */
  lastLook(): NodeLook | null
  /** See `Sampler.outsideSeconds`. */
  outsideSeconds(): number
  /** How long each core was used by anything, in the order of `facts.cores`. */
  busySeconds(): readonly number[]
}

export function createLocalAgent(options: LocalAgentOptions): LocalAgent {
  const { facts, now } = options
  const idle = idleOptions(options.settings, facts.yieldMode)
  let judgements: ReadonlyMap<CoreId, CoreJudgement> = new Map()
  let lastAt = now()
  let lastLook: NodeLook | null = null
  let sessionLeft = false
  const began = new Map<AttemptId, RunningAttempt>()
  const busySeconds = new Map<CoreId, number>()

  let keeper: KeeperClient | null = null
  /** Without tasks there is no keeper: only observation. */
  const startedKeeper = () => {
    keeper ??= startKeeper({
      warmRunners: 1,
      environment: options.environment,
      onReport: report => options.onReport(withSampledUse(report)),
      onFailure: options.onFailure,
    })
    if (sessionLeft) keeper.leaveSession()
    return keeper
  }
  const sampler = createSampler({
    facts,
    supervisor: process.pid,
    now: now(),
    memoryReserveBytes: options.settings.memoryReserveBytes,
    attempts: () => executing(keeper),
    helpers: () => [...options.helpers(), ...idleHelpers(keeper)],
    isOwnChild: pid => options.isOwnChild(pid) || pid === keeper?.pids().keeper,
  })

  return {
    facts,
    prepare: () => {
      startedKeeper()
    },
    start: spec => startedKeeper().start(spec),
    suspend: attempt => keeper?.suspend(attempt),
    resume: attempt => keeper?.resume(attempt),
    terminate: (attempt, graceSeconds) => keeper?.terminate(attempt, graceSeconds),
    sample: () => snapshotOf(look(false)),
    usage: ({ full }) => {
      look(full)
      return sampler.usage()
    },
    lastLook: () => lastLook,
    outsideSeconds: () => sampler.outsideSeconds(),
    busySeconds: () => facts.cores.map(core => busySeconds.get(core) ?? 0),
    close: async () => keeper?.close(),
  }

  function look(full: boolean): NodeLook {
    const at = now()
    lastLook = sampler.sample(at, { full })
    judgements = judgeNode({
      previous: judgements,
      foreignShares: new Map(lastLook.cores.map(({ core, foreignShare }) => [core, foreignShare])),
      seconds: (at - lastAt) / 1000,
      topology: facts.topology,
      options: idle,
    })
    for (const { core, busyShare } of lastLook.cores) {
      busySeconds.set(core, (busySeconds.get(core) ?? 0) + (busyShare * (at - lastAt)) / 1000)
    }
    lastAt = at
    followSession(lastLook)
    return lastLook
  }

  function followSession({ application }: NodeLook): void {
    if (sessionLeft || !application.elsewhere || !sessionsAreGroups()) return
    sessionLeft = true
    keeper?.leaveSession()
    options.onSessionLeft()
  }

  function snapshotOf({ cores, availableMemoryBytes, attempts }: NodeLook): NodeSnapshot {
    return {
      node: facts.name,
      cores: cores.map(({ core, foreignShare }) => ({
        core,
        foreignShare,
        judged: options.applicationRuns() ? (judgements.get(core) ?? UNSEEN).judged : 'idle',
      })),
      availableMemoryBytes,
      attempts,
    }
  }

  /** A runner is kept over many attempts: what each has used is taken down at its beginning and its end. */
  function withSampledUse(report: AttemptReport): AttemptReport {
    if (report.type === 'began') {
      const running = executing(keeper).find(({ attempt }) => attempt === report.attempt)
      if (running) {
        began.set(report.attempt, running)
        sampler.attemptBegan(running)
      }
      return report
    }
    const running = began.get(report.attempt)
    if (!running) return report
    began.delete(report.attempt)
    const used = sampler.attemptEnded(running)
    const { wallSeconds, cpuSeconds, peakMemoryBytes } = report.usage
    return {
      ...report,
      usage: {
        wallSeconds,
        cpuSeconds: Math.max(cpuSeconds, used.cpuSeconds),
        peakMemoryBytes: Math.max(peakMemoryBytes, used.peakMemoryBytes),
      },
    }
  }
}

function executing(keeper: KeeperClient | null): RunningAttempt[] {
  return (keeper?.pids().runners ?? []).flatMap(({ pid, attempt, cores }) =>
    attempt === null ? [] : [{ attempt, pids: [pid], cores }],
  )
}

function idleHelpers(keeper: KeeperClient | null): number[] {
  if (keeper === null) return []
  const { keeper: pid, runners } = keeper.pids()
  return [
    ...(pid === null ? [] : [pid]),
    ...runners.filter(({ attempt }) => attempt === null).map(runner => runner.pid),
  ]
}

/** Whether the kernel makes a scheduling group of each session (`sched(7)`, autogroup). */
function sessionsAreGroups(): boolean {
  return readProc('/proc/sys/kernel/sched_autogroup_enabled')?.trim() === '1'
}
