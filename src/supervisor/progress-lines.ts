import type { OdopEvent } from '../core/events.ts'
import { writeStderr } from '../os/stderr.ts'
import { progressLine, progressText } from '../views/progress-line.ts'
import { statusOf } from '../views/status.ts'
import type { Recorder } from './recorder.ts'
import type { RunStore } from './run-store.ts'

/** Where nothing can be redrawn, such as in the output of a batch job: a line now and then, on stderr. */
export interface ProgressLines {
  /** There was a look: it may be time for a line. */
  looked(): void
  close(): void
}

export interface ProgressLinesOptions {
  readonly recorder: Recorder
  readonly store: Pick<RunStore, 'details'>
  readonly now: () => number
  readonly say?: (text: string) => void
}

const INTERVAL_MILLISECONDS = 60_000

/** A line a minute at most, if anything is new, and one at each milestone. */
export function startProgressLines(options: ProgressLinesOptions): ProgressLines {
  const { recorder, store, now, say = writeStderr } = options
  let saidAt = now()
  let said = ''
  const seen = new Set<string>()
  const unlisten = recorder.listen(event => {
    const milestone = milestoneOf(event)
    if (milestone === null || (ONCE.has(milestone) && seen.has(milestone))) return
    seen.add(milestone)
    line()
  })
  return {
    looked() {
      if (now() - saidAt >= INTERVAL_MILLISECONDS) line()
    },
    close: unlisten,
  }

  function line() {
    saidAt = now()
    const status = statusOf(recorder.state, {
      now: saidAt,
      alive: true,
      details: store.details,
      snapshot: null,
    })
    if (status === null || progressText(status) === said) return
    said = progressText(status)
    say(progressLine(status))
  }
}

/** The first of its kind only. */
const ONCE: ReadonlySet<string> = new Set(['first completed', 'first failed'])

function milestoneOf(event: OdopEvent): string | null {
  switch (event.type) {
    case 'attempt-ended':
      if (event.outcome === 'completed') return 'first completed'
      return event.outcome === 'failed' || event.outcome === 'timeout' ? 'first failed' : null
    case 'harvest-paused':
    case 'harvest-resumed':
    case 'application-ended':
      return event.type
    default:
      return null
  }
}
