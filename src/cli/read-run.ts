import { type JournalRead, readJournal } from '../journal/journal-reader.ts'
import type { RunPaths } from '../journal/run-paths.ts'
import { type Folded, fold, newFolded } from '../views/folded.ts'
import type { HistoryOptions } from '../views/item-history.ts'

/** A run as its journal tells it now. */
export interface ReadRun extends Folded {
  readonly read: JournalRead
}

/** @param keep which of its work items that have ended are kept one by one; without it none is */
export async function readRun(paths: RunPaths, keep?: HistoryOptions): Promise<ReadRun> {
  const folded = newFolded(keep)
  const read = await readJournal(paths.journal, event => fold(folded, event))
  return { read, ...folded }
}
