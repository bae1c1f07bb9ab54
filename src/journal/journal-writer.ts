import type { OdopEvent } from '../core/events.ts'
import { type LineFileOptions, openLineFile } from './line-file.ts'

/** The version of the journal's format; a reader refuses newer ones. */
export const JOURNAL_SCHEMA = 1

/** See `LineFile`: nothing here blocks, throws or rejects. */
export interface JournalWriter {
  append(event: OdopEvent): void
  /** Resolves when every event is on the disk: true; false when that does not work, or not in time. */
  flush(withinMilliseconds?: number): Promise<boolean>
  /** Flushes and closes. */
  close(withinMilliseconds?: number): Promise<boolean>
}

export interface JournalOptions {
  readonly file: string
  readonly run: string
  /** One text for the user when the journal can't be written; again only after it could be written meanwhile. */
  warn(text: string): void
  readonly now: () => number
  /** Events that are kept in memory while they can't be written; 100,000 by default. */
  readonly keepEvents?: number
  readonly openFile?: LineFileOptions['openFile']
}

/** Begins or continues a journal. The file is opened, asynchronously, for the first event. */
export function openJournal(options: JournalOptions): JournalWriter {
  const lines = openLineFile({
    file: options.file,
    header: JSON.stringify({ schema: JOURNAL_SCHEMA, journal: 'odop', run: options.run }),
    keepLines: options.keepEvents ?? 100_000,
    syncMilliseconds: 1000,
    onFailure: reason =>
      options.warn(
        `the journal can't be written (${reason}): ${options.file}; odop goes on and writes it as soon as that works again`,
      ),
    droppedLine: count => JSON.stringify(lostEvents(count, options.now())),
    ...(options.openFile === undefined ? {} : { openFile: options.openFile }),
  })
  return {
    append: event => lines.append(JSON.stringify(event)),
    flush: (milliseconds = DEFAULT_LIMIT_MILLISECONDS) => lines.flush(milliseconds),
    close: (milliseconds = DEFAULT_LIMIT_MILLISECONDS) => lines.close(milliseconds),
  }
}

/** A file system that takes longer does not hold up the application's exit code. */
const DEFAULT_LIMIT_MILLISECONDS = 5000

function lostEvents(count: number, at: number): OdopEvent {
  const text = `${count} earlier events are not in the journal, because it could not be written for too long`
  return { type: 'note', at, level: 'warning', text }
}
