import { type CoreJudgement, idleOptions, judgeNode, UNSEEN } from '../core/idle.ts'
import type {
  AttemptId,
  AttemptSample,
  CoreId,
  GpuIndex,
  NodeFacts,
  NodeSnapshot,
  Settings,
  TaskDefinition,
} from '../core/model.ts'
import type { Agent, AttemptReport, NodeMeasurement } from './agent.ts'
import { type KeeperClient, startKeeper } from './keeper-client.ts'
import { KernelKills } from './kernel-kills.ts'
import { ExactMemory } from './observe/exact-memory.ts'
import type { GpuPrograms } from './observe/gpus/find-tools.ts'
import { LocalGpus } from './observe/gpus/local-gpus.ts'
import { InterferenceMeter } from './observe/interference-meter.ts'
import { IoPressure } from './observe/io-pressure.ts'
import { MemoryWatch } from './observe/memory-watch.ts'
import type { RunningAttempt } from './observe/odop-processes.ts'
import type { Stranger } from './observe/other-programs.ts'
import { createSampler, type NodeLook, thisSystem } from './observe/sampler.ts'
import { WrittenBytes } from './observe/written-bytes.ts'
import { type YieldChange, YieldLayer } from './observe/yield-layer.ts'
import { NO_GPUS } from './runner/gpus.ts'

export interface LocalAgentOptions {
  readonly facts: NodeFacts
  readonly settings: Settings
  readonly environment: NodeJS.ProcessEnv
  /** Other processes of odop on this node whose cost is odop's, such as the loader and the witness. */
  readonly helpers: () => Iterable<number>
  readonly isOwnChild: (pid: number) => boolean
  /** Processes of the application that this one has not started, such as the ranks of srun; default: there are none. */
  readonly otherPids?: () => Iterable<number>
  /** See `SamplerOptions`. */
  readonly launchedSecondsAgo?: number
  /** See `SamplerOptions`. */
  readonly strangers?: () => Iterable<Stranger>
  /** The application's first process, where that has started this one; default: this one has started the application. */
  readonly caller?: number
  /** Ranks of attempts that this process has not started; default: there are none. */
  readonly rankPids?: () => readonly RunningAttempt[]
  /** The application runs in another session than this process, as the ranks of srun do. Default: false. */
  readonly sessionLeft?: boolean
  /** False once it has ended: then there is nobody to leave cores to, and attempts have the lowest priority anyway. */
  readonly applicationRuns: () => boolean
  readonly now: () => number
  readonly onReport: (report: AttemptReport) => void
  readonly onFailure: (text: string) => void
  /** Cores are given back in another way from now on, because of where the application was seen. */
  readonly onYieldChanged: (change: YieldChange) => void
  /** Which tell of this node's GPUs; default: none, and no GPU of it is used. */
  readonly gpuPrograms?: GpuPrograms | null
  /** It is known now which GPUs there are; or they can't be used any more. */
  readonly onGpusKnown?: (facts: NodeFacts) => void
  /** The memory that is to stay free is touched: the next look must be now. */
  readonly onMemoryShort: () => void
  /** The application waits for cores: the next look must be now. */
  readonly onContended: () => void
}

/** The agent of the supervisor's own node, with what only the supervisor's node can tell. */
export interface LocalAgent extends Agent {
  readonly facts: NodeFacts
  /** One look at the node. Cheap; never waits. */
  sample(): NodeSnapshot
  /** Use since the agent was started; `full`: with a look at every process first, so that nothing is missing. */
  measure(options: { readonly full: boolean }): NodeMeasurement
}

export function createLocalAgent(options: LocalAgentOptions): LocalAgent {
  const { now } = options
  const system = thisSystem(options.caller ?? process.pid)
  let judgements: ReadonlyMap<CoreId, CoreJudgement> = new Map()
  let lastAt = now()
  let lastLook: NodeLook | null = null
  const meter = new InterferenceMeter()
  const began = new Map<AttemptId, Executing>()
  const busySeconds = new Map<CoreId, number>()

  let keeper: KeeperClient | null = null
  /** Without tasks there is no keeper: only observation. */
  const startedKeeper = () => {
    keeper ??= startKeeper({
      // Further ones are started when they are needed, on the cores that they are needed for.
      warmRunners: 1,
      ownSessions: layer.sessionLeft,
      environment: { ...options.environment, ...NO_GPUS },
      onReport: report => options.onReport(kernelKills.explained(withSampledUse(report))),
      onFailure: options.onFailure,
    })
    return keeper
  }
  const gpus = new LocalGpus({
    programs: options.gpuPrograms ?? null,
    known: options.facts.gpus,
    environment: options.environment,
    threshold: options.settings.idleThreshold,
    now,
    held: () => new Set(executing(keeper).flatMap(running => running.gpus)),
    attemptsRoot: () => keeper?.pids().keeper ?? null,
    parentOf: pid => system.process(pid)?.parent ?? null,
    applicationRuns: options.applicationRuns,
    onKnown: () => options.onGpusKnown?.(gpus.in(layer.facts)),
    onNote: options.onFailure,
  })
  const sampler = createSampler({
    facts: options.facts,
    system,
    supervisor: process.pid,
    now: now(),
    launchedSecondsAgo: options.launchedSecondsAgo ?? 0,
    memoryReserveBytes: options.settings.memoryReserveBytes,
    attempts: () => withRanks(executing(keeper), options.rankPids?.() ?? []),
    helpers: () => [...options.helpers(), ...idleHelpers(keeper), ...gpus.pids],
    keeper: () => keeper?.pids().keeper ?? null,
    isOwnChild: pid => options.isOwnChild(pid) || pid === keeper?.pids().keeper || gpus.pids.includes(pid),
    ...(options.otherPids === undefined ? {} : { otherPids: options.otherPids }),
    ...(options.strangers === undefined ? {} : { strangers: options.strangers }),
    ...(options.caller === undefined ? {} : { caller: options.caller }),
  })
  const layer = new YieldLayer({
    facts: options.facts,
    sessionLeft: options.sessionLeft ?? false,
    system,
    threads: count => sampler.busiestThreads(count),
    hasCompany: () => meter.hasCompany && options.applicationRuns(),
    onChanged: change => {
      if (change.leaveSession) keeper?.leaveSession()
      options.onYieldChanged({ ...change, facts: gpus.in(change.facts) })
    },
    onContended: options.onContended,
  })
  const memoryWatch = new MemoryWatch({
    available: () => sampler.availableMemoryBytes(),
    onShort: options.onMemoryShort,
  })
  const exactMemory = new ExactMemory(attempt => sampler.exactMemoryBytes(attempt))
  const ioPressure = new IoPressure()
  const written = new WrittenBytes()
  const kernelKills = new KernelKills({ limitBytes: options.facts.memoryLimitBytes })

  return {
    get facts() {
      return gpus.in(layer.facts)
    },
    prepare: () => {
      startedKeeper()
    },
    preload: needs => keeper?.preload(needs),
    start: spec => startedKeeper().start(spec),
    follow: (lead, specs) => startedKeeper().follow(lead, specs),
    suspend: attempt => {
      keeper?.suspend(attempt)
      meter.suspended(attempt, now())
    },
    resume: attempt => {
      keeper?.resume(attempt)
      meter.resumed(attempt, now())
      layer.companyBegan()
    },
    move,
    terminate: (attempt, graceSeconds) => {
      if (graceSeconds === 0) sampler.attemptKilled(attempt)
      keeper?.terminate(attempt, graceSeconds)
      // In its grace it runs.
      meter.resumed(attempt, now())
    },
    sample: () => snapshotOf(look(false)),
    measure: ({ full }) => {
      const { application, tasks, odop } = look(full)
      return {
        at: now(),
        usage: { ...sampler.usage(), interference: meter.total, ...gpus.usage },
        busySeconds: options.facts.cores.map(core => busySeconds.get(core) ?? 0),
        memoryBytes: { app: application.memoryBytes, tasks: tasks.memoryBytes, odop: odop.memoryBytes },
        gpuMemoryBytes: gpus.memoryBytes,
        outsideSeconds: sampler.outsideSeconds(),
      }
    },
    close: async () => {
      layer.close()
      memoryWatch.close()
      gpus.close()
      await keeper?.close()
    },
  }

  function move(attempt: AttemptId, cores: readonly CoreId[]): boolean {
    if (!keeper?.move(attempt, cores)) return false
    // What it uses from here on it uses there.
    const running = began.get(attempt)
    if (running) began.set(attempt, { ...running, cores })
    return true
  }

  function look(full: boolean): NodeLook {
    const at = now()
    const look = sampler.sample(at, { full })
    judgeCores(look, at)
    lastLook = look
    meter.looked(look.application)
    layer.looked(look.application)
    memoryWatch.looked(look.availableMemoryBytes, coresOf(executing(keeper)))
    return look
  }

  function judgeCores({ cores }: NodeLook, at: number): void {
    const contended = layer.takeContended()
    // A look that came too soon tells nothing new of the cores.
    const isNew = cores !== lastLook?.cores
    if (!isNew && contended.size === 0) return
    const seconds = (at - lastAt) / 1000
    judgements = judgeNode({
      previous: judgements,
      foreignShares: new Map(
        isNew
          ? cores.map(({ core, foreignShare }) => [core, foreignShare])
          : [...contended].map(core => [core, 1]),
      ),
      contended,
      seconds,
      topology: options.facts.topology,
      options: idleOptions(options.settings, layer.facts.yieldMode),
    })
    if (!isNew) return
    for (const { core, busyShare } of cores) {
      busySeconds.set(core, (busySeconds.get(core) ?? 0) + busyShare * seconds)
    }
    lastAt = at
  }

  function snapshotOf({ cores, availableMemoryBytes, attempts }: NodeLook): NodeSnapshot {
    const running = executing(keeper)
    const tasks = new Map(running.map(({ attempt, task }) => [attempt, task]))
    const isDisturbed = running.some(({ task }) => task?.ioBound)
    return {
      node: options.facts.name,
      cores: cores.map(({ core, foreignShare }) => {
        if (!options.applicationRuns()) return { core, foreignShare, judged: 'idle' }
        const { judged, busySeconds } = judgements.get(core) ?? UNSEEN
        return { core, foreignShare, judged, busySeconds }
      }),
      availableMemoryBytes,
      attempts: withWritten(
        exactMemory.correct(attempts, id => tasks.get(id)?.memoryBytes ?? null, now()),
        running,
      ),
      ioPressure: ioPressure.look(now(), isDisturbed),
      slowdown: options.settings.maxSlowdown === null ? null : meter.recent(now()),
      ...gpus.states,
    }
  }

  /** Only where there is a limit, as it is a look at each process; that of ranks whose runner is elsewhere is not known here. */
  function withWritten(
    samples: readonly AttemptSample[],
    running: readonly Executing[],
  ): readonly AttemptSample[] {
    const unlimited = new Set(running.filter(each => !hasDiskLimit(each)).map(({ attempt }) => attempt))
    const all = withRanks(running, options.rankPids?.() ?? [])
    const bytes = new Map(
      all.filter(({ attempt }) => !unlimited.has(attempt)).map(each => [each.attempt, written.look(each)]),
    )
    if (bytes.size === 0) return samples
    return samples.map(sample => {
      const writtenBytes = bytes.get(sample.attempt) ?? null
      return writtenBytes === null ? sample : { ...sample, writtenBytes }
    })
  }

  /** A runner is kept over many attempts: what each has used is taken down at its beginning and its end. */
  function withSampledUse(report: AttemptReport): AttemptReport {
    if (report.type === 'returned' || report.type === 'progress') return report
    if (report.type === 'began') {
      const running = executing(keeper).find(({ attempt }) => attempt === report.attempt)
      if (running && !began.has(report.attempt)) {
        began.set(report.attempt, running)
        if (hasDiskLimit(running)) written.began(running)
        sampler.attemptBegan(running)
      }
      meter.began(report.attempt, report.at)
      layer.companyBegan()
      kernelKills.began(report, running?.task ?? null)
      return report
    }
    // Before the other has ended: between the two there is no pause.
    if (report.next !== null) meter.began(report.next, report.at)
    meter.ended(report.attempt, report.at)
    const running = began.get(report.attempt)
    if (!running) return report
    began.delete(report.attempt)
    gpus.released(running.gpus)
    written.ended(report.attempt)
    const { wallSeconds, cpuSeconds, peakMemoryBytes } = report.usage
    // Short attempts come one upon the other: a look at each would cost more than they do, and the runner knows enough.
    const next = report.next === null ? null : { ...running, attempt: report.next }
    if (next !== null) began.set(next.attempt, next)
    const used = next === null ? sampler.attemptEnded(running) : sampler.attemptFollowed(running, next)
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

/** Their runner may be here or on another node. */
function withRanks(
  running: readonly RunningAttempt[],
  ranks: readonly RunningAttempt[],
): readonly RunningAttempt[] {
  if (ranks.length === 0) return running
  const here = new Map(ranks.map(each => [each.attempt, each]))
  const own = running.map(each => {
    const found = here.get(each.attempt)
    here.delete(each.attempt)
    return found === undefined ? each : { ...each, pids: [...each.pids, ...found.pids] }
  })
  return [...own, ...here.values()]
}

interface Executing extends RunningAttempt {
  readonly task: TaskDefinition | null
  readonly gpus: readonly GpuIndex[]
}

function hasDiskLimit({ task }: Pick<Executing, 'task'>): boolean {
  return (task?.diskLimitBytes ?? null) !== null
}

function executing(keeper: KeeperClient | null): Executing[] {
  return (keeper?.pids().runners ?? []).flatMap(({ pid, attempt, task, cores, gpus }) =>
    attempt === null ? [] : [{ attempt, task, pids: [pid], cores, gpus }],
  )
}

function coresOf(attempts: readonly RunningAttempt[]): number {
  return attempts.reduce((sum, { cores }) => sum + cores.length, 0)
}

function idleHelpers(keeper: KeeperClient | null): number[] {
  if (keeper === null) return []
  const { keeper: pid, runners } = keeper.pids()
  return [
    ...(pid === null ? [] : [pid]),
    ...runners.filter(({ attempt }) => attempt === null).map(runner => runner.pid),
  ]
}
