import type { Action } from '../actions.ts'
import type { AttemptId } from '../model.ts'
import type { RunningAttempt, RunView, View } from '../run-state.ts'

const REASON = 'harvesting is paused'

/**
 * The user wants no tasks for a while: what runs is suspended, and stays so however long that lasts. When the pause is over it is
 * resumed as after any other suspension. Ranks are requeued, because they can't be suspended.
 *
 * @param except attempts about which something else has been decided
 */
export function pauseAttempts(state: RunView, except: ReadonlySet<AttemptId>): Action[] {
  const actions: Action[] = []
  for (const running of state.running.values()) {
    if (except.has(running.attempt) || state.terminating.has(running.attempt)) continue
    const action = pauseOf(running)
    if (action !== null) actions.push(action)
  }
  return actions
}

function pauseOf({ attempt, definition, suspendedSince }: View<RunningAttempt>): Action | null {
  if (definition?.mpi != null) {
    const reason = `${REASON}, and ranks can't be suspended`
    return { type: 'terminate', attempt, outcome: 'requeued', reason }
  }
  return suspendedSince === null ? { type: 'suspend', attempt, reason: REASON } : null
}
