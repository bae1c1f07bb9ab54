import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

export interface ChildEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Why it could not be started; null: it was. */
  readonly error: string | null
}

/** Calls back at the end of a forked process. */
export function onChildEnd(child: ChildProcess, callback: (end: ChildEnd) => void): void {
  // An error can also be one of sending, which the end of the process follows.
  child.once('error', error => {
    if (child.pid === undefined) callback({ code: null, signal: null, error: error.message })
  })
  child.on('error', () => {})
  child.once('exit', (code, signal) => callback({ code, signal, error: null }))
}

/** Messages that it had sent can arrive after the end of a process; after this none will. */
export async function lastWords(child: ChildProcess): Promise<void> {
  // A descendant that holds the channel open must not hold us up.
  if (child.connected) await Promise.race([once(child, 'disconnect'), sleep(LONGEST_WAIT_MS)])
}

const LONGEST_WAIT_MS = 300
