import { stat } from 'node:fs/promises'
import type { OdopEvent } from '../core/events.ts'
import { readJournal } from '../journal/journal-reader.ts'

export interface EventsPage {
  readonly events: readonly OdopEvent[]
  /** Where the next page begins: a byte of the journal. */
  readonly next: number
  /** There are more already; otherwise the next page has those that happen from now on. */
  readonly more: boolean
}

const PAGE_BYTES = 256 * 1024

/** So many whole lines of the journal as fit into a page, but one at least. Rejects where it can't be read. */
export async function eventsPage(
  journal: string,
  after: number,
  pageBytes = PAGE_BYTES,
): Promise<EventsPage> {
  const { size } = await stat(journal)
  const events: OdopEvent[] = []
  const read = await readJournal(journal, event => events.push(event), { from: after, to: after + pageBytes })
  if (read.kind !== 'read') throw new Error(`the journal could not be read: ${read.kind}`)
  const more = size > after + pageBytes
  // A single line that is longer than a page.
  if (more && read.end === after) return eventsPage(journal, after, 4 * pageBytes)
  return { events, next: read.end, more }
}
