import type { AttemptId, CoreSeconds, GpuUsage, NodeFacts, NodeUsage } from '../core/model.ts'
import { itemsLeft, type RunView, type TaskState, type View } from '../core/state.ts'
import { waitSeconds } from '../core/waits.ts'
import { adviceOf } from './advice.ts'
import type { Details } from './details.ts'
import { interferenceSummary, slowdownSummary, totalInterference } from './slowdown.ts'
import { summaryNotes } from './summary-notes.ts'
import type { Summary } from './summary-schema.ts'

export interface SummaryOptions {
  /** The end of a launch whose end is not recorded yet. */
  readonly now: number
  readonly details: Details
  /** Absolute path of an attempt's log; null: there are no logs. */
  readonly attemptLog: ((attempt: AttemptId) => string) | null
}

export type NodeSummary = Summary['nodes'][number]
type MemoryBytes = NodeUsage['memoryBytes']

/** What `summary.json` says of a run, see docs/reference.md; null: nothing was launched yet. */
export function summarize(state: RunView, options: SummaryOptions): Summary | null {
  const { launch, application } = state
  if (launch === null) return null
  const end = Math.max(launch.at, state.launchEndedAt ?? options.now)
  const totals = totalsOf(state)
  const measured = {
    schema: 1 as const,
    run: launch.run,
    user: launch.user ?? null,
    job: launch.job ?? null,
    command: [...launch.command],
    exit: { code: application?.code ?? null, signal: application?.signal ?? null },
    start: new Date(launch.at).toISOString(),
    end: new Date(end).toISOString(),
    wallSeconds: rounded((end - launch.at) / 1000),
    nodes: nodeSummaries(state),
    totals,
    slowdown: slowdownSummary(state, totals.interference),
    harvest: harvestOf(totals.coreSeconds),
    savedSeconds: savedSeconds(state, totals, end),
    tasks: [...state.tasks.values()].map(taskSummary),
  }
  return { ...measured, advice: adviceOf(state, measured), notes: [...summaryNotes(state, options)] }
}

/**
 * How much longer the job would have been with the tasks after the application, on all its cores with none idle: less would not do. What a
 * drain took is not saved.
 */
function savedSeconds(
  { application }: RunView,
  { cores, coreSeconds }: Summary['totals'],
  end: number,
): number {
  if (application === null || cores === 0) return 0
  const drained = application.endedAt === null ? 0 : Math.max(0, end - application.endedAt) / 1000
  return rounded(Math.max(0, coreSeconds.tasks / cores - drained))
}

/** In the order in which the nodes joined. */
export function nodeSummaries(state: RunView): NodeSummary[] {
  return [...state.nodes.values()].map(facts => {
    const usage = usageOf(state, facts)
    return {
      name: facts.name,
      cores: facts.cores.length,
      yield: facts.yieldMode,
      yieldReason: facts.yieldReason ?? null,
      coreSeconds: roundedCoreSeconds(usage.coreSeconds),
      otherCoreSeconds: usage.otherCoreSeconds === undefined ? null : rounded(usage.otherCoreSeconds),
      memoryBytes: roundedMemory(usage.memoryBytes),
      appRunDelaySeconds: usage.appRunDelaySeconds === null ? null : rounded(usage.appRunDelaySeconds),
      interference: interferenceSummary(usage.interference),
      gpus: (usage.gpus ?? []).map(gpuSummary),
    }
  })
}

function gpuSummary({
  index,
  knownSeconds,
  usedSeconds,
  memoryBytes,
  peakMemoryBytes,
}: GpuUsage): NodeSummary['gpus'][number] {
  const use = knownSeconds > 0 ? Math.min(1, rounded(usedSeconds / knownSeconds, 4)) : null
  return { index, use, memoryBytes: { limit: memoryBytes, peak: peakMemoryBytes } }
}

/** Sums are of what was measured: rounded once, not per node. */
export function totalsOf(state: RunView): Summary['totals'] {
  const nodes = [...state.nodes.values()]
  const usages = nodes.map(facts => usageOf(state, facts))
  const sum = (amount: (usage: View<NodeUsage>) => number) =>
    usages.reduce((all, usage) => all + amount(usage), 0)
  const delays = usages.map(usage => usage.appRunDelaySeconds)
  return {
    cores: nodes.reduce((all, facts) => all + facts.cores.length, 0),
    coreSeconds: roundedCoreSeconds({
      total: sum(usage => usage.coreSeconds.total),
      app: sum(usage => usage.coreSeconds.app),
      tasks: sum(usage => usage.coreSeconds.tasks),
      odop: sum(usage => usage.coreSeconds.odop),
      idle: sum(usage => usage.coreSeconds.idle),
    }),
    memoryBytes: roundedMemory({
      limit: sum(usage => usage.memoryBytes.limit),
      appPeak: sum(usage => usage.memoryBytes.appPeak),
      tasksPeak: sum(usage => usage.memoryBytes.tasksPeak),
      odopPeak: sum(usage => usage.memoryBytes.odopPeak),
    }),
    appRunDelaySeconds:
      delays.length === 0 || delays.includes(null)
        ? null
        : rounded(sum(usage => usage.appRunDelaySeconds ?? 0)),
    interference: interferenceSummary(totalInterference(usages)),
  }
}

export function harvestOf({ total, app, tasks }: CoreSeconds): Summary['harvest'] {
  const available = Math.max(0, total - app)
  return {
    availableCoreSeconds: rounded(available),
    harvestedCoreSeconds: tasks,
    share: available > 0 ? Math.min(1, rounded(tasks / available, 4)) : 0,
  }
}

function taskSummary(task: View<TaskState>): Summary['tasks'][number] {
  const waits = waitSeconds(task.waits)
  return {
    name: task.name,
    completed: task.ended.completed,
    failed: task.ended.failed,
    timeout: task.ended.timeout,
    cancelled: task.ended.cancelled,
    left: itemsLeft(task),
    upToDate: task.upToDate,
    attempts: task.attempts,
    wallSeconds: rounded(task.wallSeconds),
    cpuSeconds: rounded(task.cpuSeconds),
    peakMemoryBytes: Math.round(task.peakMemoryBytes),
    waitSeconds: {
      median: waits === null ? null : rounded(waits.median),
      max: waits === null ? null : rounded(waits.max),
    },
  }
}

/** A node that was never measured has used nothing; the run was too short, or the node was lost. */
function usageOf(state: RunView, facts: View<NodeFacts>): View<NodeUsage> {
  return (
    state.usage.get(facts.name) ?? {
      node: facts.name,
      coreSeconds: { total: 0, app: 0, tasks: 0, odop: 0, idle: 0 },
      memoryBytes: { limit: facts.memoryLimitBytes, appPeak: 0, tasksPeak: 0, odopPeak: 0 },
      appRunDelaySeconds: null,
      interference: null,
    }
  )
}

function roundedCoreSeconds({
  total,
  app,
  tasks,
  odop,
  idle,
}: CoreSeconds): Summary['totals']['coreSeconds'] {
  return {
    total: rounded(total),
    app: rounded(app),
    tasks: rounded(tasks),
    odop: rounded(odop),
    idle: rounded(idle),
  }
}

function roundedMemory({
  limit,
  appPeak,
  tasksPeak,
  odopPeak,
}: MemoryBytes): Summary['totals']['memoryBytes'] {
  const bytes = (value: number) => Math.max(0, Math.round(value))
  return {
    limit: bytes(limit),
    appPeak: bytes(appPeak),
    tasksPeak: bytes(tasksPeak),
    odopPeak: bytes(odopPeak),
  }
}

/** A measurement may be a hair below 0; no amount is. */
function rounded(amount: number, digits = 3): number {
  return Math.max(0, Number(amount.toFixed(digits)))
}
