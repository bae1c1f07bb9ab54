import { readPids, readProc } from '../../os/proc.ts'

/**
 * In the environment of every runner, `KEEPER.RUNNER`, and so of all that it starts: processes that are in nobody's
 * tree any more are found by it.
 */
export const MARK = 'ODOP_RUNNER'

/**
 * For one keeper, and the beginning of no other's. `randomUUID` would do, but takes 3 ms of a core to load, which an agent on a busy
 * node saves.
 */
export function newMark(): string {
  return `${process.pid}-${Math.random().toString(36).slice(2)}-`
}

/** Processes of this user that carry a mark which begins so. Reads all of `/proc`: only for what seldom happens. */
export function processesMarked(beginning: string): number[] {
  const entry = `\0${MARK}=${beginning}`
  return readPids().filter(
    pid => pid !== process.pid && `\0${readProc(`/proc/${pid}/environ`)}`.includes(entry),
  )
}
