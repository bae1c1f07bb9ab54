import type { OdopEvent } from '../core/events.ts'
import { apply, newState, type RunState } from '../core/state.ts'

/** Where events go to stay; null where there is no run folder. */
export interface EventSink {
  append(event: OdopEvent): void
}

/**
 * The only way by which anything becomes true: an event goes to the journal and into the state, in this order,
 * and then listeners may look.
 */
export interface Recorder {
  readonly state: RunState
  record(event: OdopEvent): void
  /** A warning is also said on stderr, unless the user asked for quiet; each text only once. */
  note(level: 'info' | 'warning', text: string): void
  /** Called after each event was applied, until the returned function is called. */
  listen(listener: (event: OdopEvent) => void): () => void
}

export interface RecorderOptions {
  readonly journal: EventSink | null
  /** The state that an earlier launch of this run has left. */
  readonly state?: RunState
  readonly now: () => number
  readonly say: (text: string) => void
}

export function createRecorder(options: RecorderOptions): Recorder {
  const state = options.state ?? newState()
  const listeners = new Set<(event: OdopEvent) => void>()
  const said = new Set<string>()

  const record = (event: OdopEvent) => {
    options.journal?.append(event)
    apply(state, event)
    for (const listener of listeners) listener(event)
  }

  return {
    state,
    record,
    note(level, text) {
      if (said.has(text)) return
      said.add(text)
      record({ type: 'note', at: options.now(), level, text })
      if (level === 'warning') options.say(`odop: ${text}\n`)
    },
    listen(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
