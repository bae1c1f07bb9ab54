import type { AttemptId } from '../../core/model.ts'
import { itemsLeft, type RunView } from '../../core/state.ts'
import { type Status, statusOf } from '../status.ts'
import { summarize } from '../summary.ts'
import type { Summary } from '../summary-schema.ts'
import { type Gantt, ganttOf } from './gantt.ts'
import type { LoggedAttempt, RunLog } from './run-log.ts'
import { type Timeline, TimelineMaker } from './timeline.ts'

/** A run as all formats of `odop report` tell it: totals are those of summary and status, series those of the last launch. */
export interface Report {
  readonly summary: Summary
  readonly status: Status
  /** How often the run was launched. */
  readonly launches: number
  /** Work items that have not ended. */
  readonly itemsLeft: number
  readonly timeline: Timeline
  readonly gantt: Gantt
  /** Of all launches, in the order of their starts. */
  readonly attempts: readonly LoggedAttempt[]
}

export interface ReportOptions {
  readonly now: number
  /** Whether the run's supervisor is there. */
  readonly alive: boolean
  readonly attemptLog: (attempt: AttemptId) => string
}

/** A report in the making: the journal has been read, the metrics are still to come. */
export interface ReportDraft {
  readonly state: RunView
  readonly summary: Summary
  readonly status: Status
  /** Of the last launch, milliseconds since the epoch; `end` is now while it lasts. */
  readonly start: number
  readonly end: number
  /** Of the last launch. */
  readonly attempts: readonly LoggedAttempt[]
  readonly timeline: TimelineMaker
  /** When the metrics have been read. */
  finish(): Report
}

/** null: the journal holds no launch. */
export function draftReport(log: RunLog, options: ReportOptions): ReportDraft | null {
  const { state } = log
  const { launch } = state
  if (launch === null) return null
  const { now, alive, attemptLog } = options
  if (!alive || state.launchEndedAt !== null) log.cutOff()
  const { details } = log
  const end = Math.max(launch.at, state.launchEndedAt ?? (alive ? now : (details.lastEventAt ?? launch.at)))
  const summary = summarize(state, { now: end, details, attemptLog })
  const status = statusOf(state, { now, alive, details, snapshot: null })
  if (summary === null || status === null) return null
  const timeline = new TimelineMaker({ nodes: [...state.nodes.values()], start: launch.at, end })
  const attempts = log.attempts.filter(attempt => attempt.launch === state.launches)
  return {
    state,
    summary,
    status,
    start: launch.at,
    end,
    attempts,
    timeline,
    finish() {
      const finished = timeline.finish(attempts, log.queue(end))
      return {
        summary,
        status,
        launches: state.launches,
        itemsLeft: [...state.tasks.values()].reduce((sum, task) => sum + itemsLeft(task), 0),
        timeline: finished,
        gantt: ganttOf(attempts, { rows: timeline.rows, end, binSeconds: finished.binSeconds }),
        attempts: log.attempts,
      }
    },
  }
}
