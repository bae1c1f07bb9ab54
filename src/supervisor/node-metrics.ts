import type { CoreSeconds, GpuUsage, NodeFacts } from '../core/model.ts'
import { type MetricsRow, type MetricsWriter, openMetrics } from '../journal/metrics-csv.ts'
import type { NodeMeasurement } from '../node/agent.ts'
import type { Recorder } from './recorder.ts'
import type { RunStore } from './run-store.ts'

export interface NodeMetricsOptions {
  readonly facts: NodeFacts
  readonly recorder: Recorder
  readonly store: RunStore
  /** Since when the node is measured. */
  readonly since: number
}

/** One node's measurements: each is an event and, with the one before, a row of the node's file. */
export interface NodeMetrics {
  measured(measurement: NodeMeasurement): void
  /** After the last one. */
  finish(): Promise<void>
}

/** Under this share of the application's time nobody needs to know of others on the same cores. */
const NOTEWORTHY_OUTSIDE_SHARE = 0.05

/** The kernel's own work on a core is less. */
const LEAST_USE = 0.01

export function nodeMetrics({ facts, recorder, store, since }: NodeMetricsOptions): NodeMetrics {
  let writer: MetricsWriter | null = null
  /** Of GPUs there are columns, and they become known a little later than the rest. */
  const early: MetricsRow[] = []
  const open = (gpus: readonly GpuUsage[]) => {
    if (writer !== null) return
    const columns = { cores: facts.cores, gpus: gpus.map(({ index }) => index) }
    writer = openMetrics({ file: store.paths.metrics(facts.name), ...columns })
    for (const row of early.splice(0)) writer.append(row)
  }
  let before: Measured = { at: since, coreSeconds: NOTHING, busySeconds: [], gpus: [] }
  let last: NodeMeasurement | null = null

  const unusedCores = ({ at, busySeconds }: NodeMeasurement) => {
    const least = ((at - since) / 1000) * LEAST_USE
    return facts.cores.filter((_, index) => (busySeconds[index] ?? least) < least)
  }

  return {
    measured(measurement) {
      const { at, usage, busySeconds, gpuMemoryBytes } = measurement
      const { coreSeconds, gpus = [] } = usage
      recorder.record({ type: 'usage', at, usage: { ...usage, unusedCores: unusedCores(measurement) } })
      const measured = { at, coreSeconds, busySeconds, gpus }
      // Without a folder nobody ever takes rows: they would be kept for the whole run.
      if (store.kept) {
        const row = rowOf(before, measured, measurement)
        if (gpuMemoryBytes !== null) open(gpus)
        if (writer === null) early.push(row)
        else writer.append(row)
      }
      before = measured
      last = measurement
    },
    async finish() {
      const text = last === null ? null : outsideText(facts.name, last)
      if (text !== null) recorder.note('info', text)
      if (store.kept) open([])
      await writer?.close()
    },
  }
}

function outsideText(node: string, { outsideSeconds, usage }: NodeMeasurement): string | null {
  const { app } = usage.coreSeconds
  const others = usage.otherCoreSeconds ?? 0
  if (others > 1 && others > app * NOTEWORTHY_OUTSIDE_SHARE)
    return `other programs have used ${others.toFixed(1)} core-seconds on ${node}, which count as left by the application`
  if (outsideSeconds === null) return null
  if (outsideSeconds <= 1 || outsideSeconds <= app * NOTEWORTHY_OUTSIDE_SHARE) return null
  const [part, whole] = [outsideSeconds.toFixed(1), app.toFixed(1)]
  return `${part} of the ${whole} core-seconds that count as the application's on ${node} were used by other processes`
}

interface Measured {
  readonly at: number
  readonly coreSeconds: CoreSeconds
  /** Of each core, in the order of the node's cores. */
  readonly busySeconds: readonly number[]
  readonly gpus: readonly GpuUsage[]
}

const NOTHING: CoreSeconds = { total: 0, app: 0, tasks: 0, odop: 0, idle: 0 }

function rowOf(
  before: Measured,
  measured: Measured,
  { memoryBytes, gpuMemoryBytes }: NodeMeasurement,
): MetricsRow {
  const seconds = Math.max(0.001, (measured.at - before.at) / 1000)
  const cores = (part: 'app' | 'tasks' | 'odop') =>
    Math.max(0, measured.coreSeconds[part] - before.coreSeconds[part]) / seconds
  return {
    at: measured.at,
    appCores: cores('app'),
    taskCores: cores('tasks'),
    odopCores: cores('odop'),
    appMemoryBytes: memoryBytes.app,
    tasksMemoryBytes: memoryBytes.tasks,
    odopMemoryBytes: memoryBytes.odop,
    coreShares: measured.busySeconds.map((busy, core) =>
      share(busy - (before.busySeconds[core] ?? 0), seconds),
    ),
    gpus: measured.gpus.map((usage, at) => ({
      share: gpuShare(before.gpus[at], usage),
      memoryBytes: gpuMemoryBytes?.[at] ?? null,
    })),
  }
}

/** Looks at GPUs may be further apart than rows. */
function gpuShare(before: GpuUsage | undefined, { knownSeconds, usedSeconds }: GpuUsage): number | null {
  const seconds = knownSeconds - (before?.knownSeconds ?? 0)
  return seconds > 0 ? share(usedSeconds - (before?.usedSeconds ?? 0), seconds) : null
}

function share(part: number, whole: number): number {
  return Math.min(1, Math.max(0, part / whole))
}
