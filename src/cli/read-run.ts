import { apply, newState, type RunState } from '../core/state.ts'
import { type JournalRead, readJournal } from '../journal/journal-reader.ts'
import type { RunPaths } from '../journal/run-paths.ts'
import { addDetails, type Details, newDetails } from '../views/details.ts'
import { addHistory, type HistoryOptions, type ItemHistory, newHistory } from '../views/item-history.ts'

/** A run as its journal tells it now. */
export interface ReadRun {
  readonly read: JournalRead
  readonly state: RunState
  readonly details: Details
  readonly history: ItemHistory
}

/** @param keep which of its work items that have ended are kept one by one; without it none is */
export async function readRun(paths: RunPaths, keep: HistoryOptions = NONE): Promise<ReadRun> {
  const state = newState()
  const details = newDetails()
  const history = newHistory(keep)
  const read = await readJournal(paths.journal, event => {
    apply(state, event)
    addDetails(details, event)
    addHistory(history, event)
  })
  return { read, state, details, history }
}

const NONE: HistoryOptions = { keepEnded: 0 }
