import type { LocalAgent } from '../node/local-agent.ts'
import type { Recorder } from './recorder.ts'
import type { RunStore } from './run-store.ts'

/** Measures at intervals: one row of the node's metrics, one `usage` event. */
export interface Metrics {
  /** There was a look: measures when the interval is over. */
  looked(): void
  /** The last measurement of a launch, in which nothing is missing. */
  finish(): void
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
  let measuredAt = now()

  const measure = () => {
    measuredAt = now()
    const usage = agent.usage()
    recorder.record({ type: 'usage', at: measuredAt, usage })
    const look = agent.lastLook()
    if (look) store.appendMetrics(agent.facts, look, usage)
    return usage
  }

  return {
    looked() {
      if (now() - measuredAt >= INTERVAL_MILLISECONDS) measure()
    },
    finish() {
      const { coreSeconds } = measure()
      const outside = agent.outsideSeconds()
      if (outside > 1 && outside > coreSeconds.app * NOTEWORTHY_OUTSIDE_SHARE) {
        recorder.note(
          'info',
          `${outside.toFixed(1)} of the application's ${coreSeconds.app.toFixed(1)} core-seconds on ${agent.facts.name} were used by processes that are not its own`,
        )
      }
    },
  }
}
