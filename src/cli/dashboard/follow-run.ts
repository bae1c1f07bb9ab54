import { stat } from 'node:fs/promises'
import { readJournal } from '../../journal/journal-reader.ts'
import { isLive } from '../../journal/list-runs.ts'
import type { RunPaths } from '../../journal/run-paths.ts'
import { newTold, type Told, tell } from '../../views/dashboard/told.ts'

/** A run as its folder tells it, from whatever host: the journal is read on as it grows. */
export interface FollowedRun {
  readonly paths: RunPaths
  readonly told: Told
  /** Whether its supervisor was there at the last look. */
  alive(): boolean
  /** Reads what is new; true: something was, or the supervisor is gone. Never rejects. */
  poll(now: number): Promise<boolean>
}

/** Asking for the lock of a run costs a file system more than looking at a file's size. */
const LIVE_MILLISECONDS = 2000

export function followRun(paths: RunPaths): FollowedRun {
  const told = newTold()
  let seenSize = -1
  let end = 0
  let live = true
  let liveAt = Number.NEGATIVE_INFINITY

  return { paths, told, alive: () => live, poll }

  async function poll(now: number): Promise<boolean> {
    const before = live
    if (now - liveAt >= LIVE_MILLISECONDS) {
      liveAt = now
      // Asked before the journal is read: what a supervisor writes last is seen by then.
      live = await isLive(paths, now)
    }
    const grew = await readOn()
    return grew || live !== before
  }

  async function readOn(): Promise<boolean> {
    const size = await stat(paths.journal).then(
      stats => stats.size,
      () => seenSize,
    )
    if (size === seenSize) return false
    seenSize = size
    const read = await readJournal(paths.journal, event => tell(told, event), { from: end })
    if (read.kind === 'read') end = read.end
    return read.kind === 'read' && read.events > 0
  }
}
