import type { CoreSeconds } from '../core/model.ts'
import { type MetricsRow, type MetricsWriter, openMetrics } from '../journal/metrics-csv.ts'
import type { LocalAgent } from '../node/local-agent.ts'
import type { Recorder } from './recorder.ts'
import type { RunStore } from './run-store.ts'

/** Measures at intervals: one row of the node's metrics, one `usage` event. */
export interface Metrics {
  /** There was a look: measures when the interval is over. */
  looked(): void
  /** The last measurement of a launch, in which nothing is missing. */
  finish(): Promise<void>
}

export interface MetricsOptions {
  readonly agent: LocalAgent
  readonly recorder: Recorder
  readonly store: RunStore
  readonly now: () => number
}

/** A launch that is killed loses the accounting of so much at most; a run of two days has 17,280 rows a node. */
const INTERVAL_MILLISECONDS = 10_000
/** Under this share of the application's time nobody needs to know of others on the same cores. */
const NOTEWORTHY_OUTSIDE_SHARE = 0.05

export function startMetrics({ agent, recorder, store, now }: MetricsOptions): Metrics {
  const { name, cores } = agent.facts
  const rows: MetricsWriter | null = store.kept
    ? openMetrics({ file: store.paths.metrics(name), cores })
    : null
  let before: Measured = {
    at: now(),
    coreSeconds: agent.usage({ full: false }).coreSeconds,
    busySeconds: agent.busySeconds(),
  }

  const measure = (full: boolean) => {
    const usage = agent.usage({ full })
    const measured = { at: now(), coreSeconds: usage.coreSeconds, busySeconds: agent.busySeconds() }
    recorder.record({ type: 'usage', at: measured.at, usage })
    rows?.append(rowOf(before, measured, agent))
    before = measured
    return usage
  }

  return {
    looked() {
      if (now() - before.at >= INTERVAL_MILLISECONDS) measure(false)
    },
    async finish() {
      const { coreSeconds } = measure(true)
      const outside = agent.outsideSeconds()
      if (outside > 1 && outside > coreSeconds.app * NOTEWORTHY_OUTSIDE_SHARE) {
        const [part, whole] = [outside.toFixed(1), coreSeconds.app.toFixed(1)]
        recorder.note(
          'info',
          `${part} of the ${whole} core-seconds that count as the application's on ${name} were used by other processes`,
        )
      }
      await rows?.close()
    },
  }
}

interface Measured {
  readonly at: number
  readonly coreSeconds: CoreSeconds
  /** Of each core, in the order of the node's cores. */
  readonly busySeconds: readonly number[]
}

function rowOf(before: Measured, measured: Measured, agent: LocalAgent): MetricsRow {
  const seconds = Math.max(0.001, (measured.at - before.at) / 1000)
  const cores = (part: 'app' | 'tasks' | 'odop') =>
    Math.max(0, measured.coreSeconds[part] - before.coreSeconds[part]) / seconds
  const look = agent.lastLook()
  return {
    at: measured.at,
    appCores: cores('app'),
    taskCores: cores('tasks'),
    odopCores: cores('odop'),
    appMemoryBytes: look?.application.memoryBytes ?? 0,
    tasksMemoryBytes: look?.tasks.memoryBytes ?? 0,
    odopMemoryBytes: look?.odop.memoryBytes ?? 0,
    coreShares: measured.busySeconds.map((busy, core) =>
      share(busy - (before.busySeconds[core] ?? 0), seconds),
    ),
  }
}

function share(part: number, whole: number): number {
  return Math.min(1, Math.max(0, part / whole))
}
