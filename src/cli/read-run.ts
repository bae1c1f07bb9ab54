import { apply, newState, type RunState } from '../core/state.ts'
import { type JournalRead, readJournal } from '../journal/journal-reader.ts'
import type { RunPaths } from '../journal/run-paths.ts'
import { addDetails, type Details, newDetails } from '../views/details.ts'

/** A run as its journal tells it now. */
export interface ReadRun {
  readonly read: JournalRead
  readonly state: RunState
  readonly details: Details
}

export async function readRun(paths: RunPaths): Promise<ReadRun> {
  const state = newState()
  const details = newDetails()
  const read = await readJournal(paths.journal, event => {
    apply(state, event)
    addDetails(details, event)
  })
  return { read, state, details }
}
