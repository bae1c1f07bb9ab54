import type { OdopEvent } from '../core/events.ts'
import { apply, newState, type RunState } from '../core/state.ts'
import { addDetails, type Details, newDetails } from './details.ts'
import { addHistory, type HistoryOptions, type ItemHistory, newHistory } from './item-history.ts'

/** A run as its events tell it: the one fold that all views are made from, so that their numbers are the same. */
export interface Folded {
  readonly state: RunState
  readonly details: Details
  readonly history: ItemHistory
}

/** @param keep which of its work items that have ended are kept one by one; by default none is */
export function newFolded(keep: HistoryOptions = { keepEnded: 0 }): Folded {
  return { state: newState(), details: newDetails(), history: newHistory(keep) }
}

export function fold({ state, details, history }: Folded, event: OdopEvent): void {
  apply(state, event)
  addDetails(details, event)
  addHistory(history, event, state)
}
