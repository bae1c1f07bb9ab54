import type { NodeName } from '../core/model.ts'
import type { Agents } from './agents.ts'
import type { BackOffNotes } from './back-off-notes.ts'
import { type NodeMetrics, nodeMetrics } from './node-metrics.ts'
import type { ProgressDesk } from './progress.ts'
import type { Recorder } from './recorder.ts'
import type { RunStore } from './run-store.ts'
import { within } from './within.ts'

/** Measures at intervals: for each node one row of its metrics, and one `usage` event. */
export interface Metrics {
  /** There was a look: measures when the interval is over. */
  looked(): void
  /** Measures now, with everything. */
  measure(): Promise<void>
  /** The last measurement of a launch, in which nothing is missing. */
  finish(): Promise<void>
}

export interface MetricsOptions {
  readonly agents: Agents
  readonly recorder: Recorder
  readonly store: RunStore
  readonly progress: ProgressDesk
  readonly backOffNotes: BackOffNotes
  readonly now: () => number
}

/** A launch that is killed loses the accounting of so much at most; a run of two days has 17,280 rows a node. */
const INTERVAL_MILLISECONDS = 10_000
/** A launch of half a minute has a course, too: the first intervals are 1, 1, 2, 4 and 8 s. */
const SHORTEST_MILLISECONDS = 1_000
/** For the last answer of other nodes: the job may be about to be killed. */
const LAST_ANSWER_MILLISECONDS = 3_000

export function startMetrics(options: MetricsOptions): Metrics {
  const { agents, recorder, store, now } = options
  const nodes = new Map<NodeName, NodeMetrics>()
  const since = recorder.state.launch?.at ?? now()
  let measuredAt = since

  const ofNode = (node: NodeName): NodeMetrics | null => {
    const facts = recorder.state.nodes.get(node)
    if (facts === undefined) return null
    const known = nodes.get(node) ?? nodeMetrics({ facts, recorder, store, since })
    nodes.set(node, known)
    return known
  }

  const measure = (full: boolean): Promise<unknown> => {
    measuredAt = now()
    recordProgress(options, measuredAt)
    const answers = agents.measure({ full }).map(async answer => {
      const measurement = await answer
      if (measurement !== null) ofNode(measurement.usage.node)?.measured(measurement)
    })
    return Promise.all(answers)
  }

  return {
    looked() {
      const interval = Math.min(INTERVAL_MILLISECONDS, Math.max(SHORTEST_MILLISECONDS, measuredAt - since))
      if (now() - measuredAt >= interval) void measure(false)
    },
    async measure() {
      await within(LAST_ANSWER_MILLISECONDS, measure(true))
    },
    async finish() {
      await within(LAST_ANSWER_MILLISECONDS, measure(true))
      options.backOffNotes.finish()
      await Promise.all([...nodes.values()].map(node => node.finish()))
    },
  }
}

function recordProgress({ recorder, progress: desk }: MetricsOptions, at: number): void {
  const progress = desk.usage()
  if (progress === null || progress.steps === recorder.state.progress?.steps) return
  recorder.record({ type: 'progress', at, progress })
}
