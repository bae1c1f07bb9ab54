import type { OdopEvent } from '../../core/events.ts'
import { apply, newState, type RunState } from '../../core/state.ts'
import { addDetails, type Details, newDetails } from '../details.ts'
import { addHistory, type History, newHistory } from './history.ts'

/** All that a dashboard knows from a run's events; does not grow with them. */
export interface Told {
  readonly state: RunState
  readonly details: Details
  readonly history: History
  /** The last events that a user may want to see, oldest first. */
  readonly latest: OdopEvent[]
}

const MOST_LATEST = 200

/** Told in another way, or of no interest one by one. */
const SILENT: ReadonlySet<OdopEvent['type']> = new Set([
  'usage',
  'progress',
  'attempt-progress',
  'task-defined',
])

export function newTold(): Told {
  return { state: newState(), details: newDetails(), history: newHistory(), latest: [] }
}

export function tell(told: Told, event: OdopEvent): void {
  apply(told.state, event)
  addDetails(told.details, event)
  addHistory(told.history, event)
  if (event.type === 'item-queued') forgetInputs(told.state, event.item.task)
  if (SILENT.has(event.type)) return
  told.latest.push(event)
  if (told.latest.length > MOST_LATEST) told.latest.shift()
}

/** Which files have been seen matters only to triggers, and would be the one thing that grows for as long as the run lasts. */
function forgetInputs({ tasks }: RunState, name: string): void {
  const task = tasks.get(name)
  task?.seen.clear()
  task?.lastVersions.clear()
}
