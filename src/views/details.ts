import type { OdopEvent } from '../core/events.ts'
import type { AttemptId, TaskName } from '../core/model.ts'

/** What views tell of a run that no decision depends on, and that its state therefore does not hold. */
export interface Details {
  /** The last attempt of each task that failed or timed out. */
  readonly lastFailures: Map<TaskName, Failure>
  /** Why attempts are suspended at present. */
  readonly suspendReasons: Map<AttemptId, string>
  /** Milliseconds since the epoch; null: there was no event. */
  lastEventAt: number | null
}

export interface Failure {
  readonly attempt: AttemptId
  readonly reason: string
}

export function newDetails(): Details {
  return { lastFailures: new Map(), suspendReasons: new Map(), lastEventAt: null }
}

/** Makes an event part of the details, as `apply` does for the state. */
export function addDetails(details: Details, event: OdopEvent): void {
  details.lastEventAt = Math.max(details.lastEventAt ?? event.at, event.at)
  switch (event.type) {
    case 'launch-started':
      details.suspendReasons.clear()
      return
    case 'attempt-suspended':
      details.suspendReasons.set(event.attempt, event.reason)
      return
    case 'attempt-resumed':
      details.suspendReasons.delete(event.attempt)
      return
    case 'attempt-ended':
      details.suspendReasons.delete(event.attempt)
      if (event.outcome === 'failed' || event.outcome === 'timeout') {
        details.lastFailures.set(event.task, {
          attempt: event.attempt,
          reason: event.reason ?? event.outcome,
        })
      }
      return
    default:
      return
  }
}
