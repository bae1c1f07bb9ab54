import { readdir, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { OdopEvent } from '../core/events.ts'
import { readJournal } from './journal-reader.ts'
import { isLocked, readOwner } from './run-lock.ts'
import { runNameProblem } from './run-name.ts'
import { type RunPaths, runPaths, runsFolder } from './run-paths.ts'

/** What head and tail of a run's journal tell. */
export interface ListedRun {
  readonly name: string
  readonly folder: string
  /** `interrupted`: its supervisor is gone, but the journal does not end: the next run of this name goes on there. */
  readonly state: 'live' | 'ended' | 'interrupted'
  /** Milliseconds since the epoch, of the last launch that is in sight; null where none is. */
  readonly started: number | null
  readonly ended: number | null
  readonly command: readonly string[]
  /** The application's exit; null while it is not known. */
  readonly exit: { readonly code: number | null; readonly signal: string | null } | null
}

/** All runs, the newest first. What is no run, or can't be read, is left out. Never rejects. */
export async function listRuns(odopPath: string, now: number): Promise<readonly ListedRun[]> {
  const runs: ListedRun[] = []
  for (const name of await readdir(runsFolder(odopPath)).catch(() => [])) {
    const run = await listRun(odopPath, name, now)
    if (run !== null) runs.push(run)
  }
  return runs.sort((a, b) => (b.started ?? 0) - (a.started ?? 0))
}

/** Enough for the first launch, and for the last events with the end. */
const HEAD_BYTES = 64 << 10
const TAIL_BYTES = 64 << 10
/** Where locks are not known: a live run writes at least so often. */
const SILENCE_MILLISECONDS = 120_000

async function listRun(odopPath: string, name: string, now: number): Promise<ListedRun | null> {
  if (runNameProblem(name) !== null) return null
  const paths = runPaths(odopPath, name)
  const size = await stat(paths.journal).then(
    stats => stats.size,
    () => null,
  )
  if (size === null) return null
  const seen = newGlimpse()
  const head = await readJournal(paths.journal, event => look(seen, event), { to: HEAD_BYTES })
  if (head.kind === 'read' && size > HEAD_BYTES) {
    // May begin within a line, which is then skipped.
    const from = Math.max(head.end, size - TAIL_BYTES)
    await readJournal(paths.journal, event => look(seen, event), { from })
  }
  const { started, command, exit } = seen
  const state = (await isLive(paths, now)) ? 'live' : seen.ended === null ? 'interrupted' : 'ended'
  return {
    name,
    folder: paths.folder,
    state,
    started,
    ended: state === 'ended' ? seen.ended : null,
    command,
    exit,
  }
}

interface Glimpse {
  started: number | null
  ended: number | null
  command: readonly string[]
  exit: ListedRun['exit']
}

function newGlimpse(): Glimpse {
  return { started: null, ended: null, command: [], exit: null }
}

function look(seen: Glimpse, event: OdopEvent): void {
  if (event.type === 'launch-started') {
    seen.started = event.at
    seen.ended = null
    // A drain has no application of its own: the run keeps its command and its exit.
    if (event.mode === 'drain') return
    seen.command = event.command
    seen.exit = null
  } else if (event.type === 'application-ended') {
    seen.exit = { code: event.code, signal: event.signal }
  } else if (event.type === 'launch-ended') {
    seen.ended = event.at
  } else if (event.type !== 'tasks-added' && event.type !== 'task-removed') {
    // These two are also written between launches. A launch that is neither in the head nor in the tail goes on after the end of an earlier one.
    seen.ended = null
  }
}

/** Whether the run's supervisor is there. Never rejects. */
export async function isLive(paths: RunPaths, now: number): Promise<boolean> {
  const locked = await isLocked(paths.lock)
  if (locked !== null) return locked
  const owner = await readOwner(paths.lock)
  if (owner?.host === hostname()) return isAlive(owner.pid)
  const changed = await stat(paths.journal).then(
    stats => stats.mtimeMs,
    () => 0,
  )
  return now - changed < SILENCE_MILLISECONDS
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
