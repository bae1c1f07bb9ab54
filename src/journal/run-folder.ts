import { type FileHandle, lstat, mkdir, realpath } from 'node:fs/promises'
import { hostname } from 'node:os'
import path from 'node:path'
import { type LockOwner, lockRun, readOwner, writeOwner } from './run-lock.ts'
import type { RunName } from './run-name.ts'
import { type RunPaths, runPaths, runsFolder } from './run-paths.ts'

export interface OpenRunOptions {
  /** Absolute. */
  readonly odopPath: string
  readonly name: RunName
}

/**
 * - `open`: the run is ours; what a user should know about that is in `warnings`
 * - `unavailable`: there is no folder to work in, for this reason; odop keeps everything in memory
 */
export type OpenRunResult =
  | { readonly kind: 'open'; readonly run: RunFolder; readonly warnings: readonly string[] }
  | { readonly kind: 'unavailable'; readonly reason: string }

export interface RunFolder {
  /** The name asked for, or one with a suffix. */
  readonly name: string
  readonly paths: RunPaths
  /** An earlier launch has left a folder of this name, and this one goes on with it. */
  readonly resumed: boolean
  /** The launch is over: who wants the run next waits for the lock instead of taking another name. Never rejects. */
  ends(): Promise<void>
  /** Gives the lock back; that is also done by the end of this process. */
  close(): Promise<void>
}

/** Makes or finds the folder of a run and takes its lock. Never rejects. */
export async function openRun(options: OpenRunOptions): Promise<OpenRunResult> {
  try {
    const { odopPath } = options
    await mkdir(path.dirname(odopPath), { recursive: true, mode: 0o700 })
    for (const folder of [odopPath, runsFolder(odopPath)]) {
      await makeFolder(folder)
      const problem = await folderProblem(folder)
      if (problem !== null) return { kind: 'unavailable', reason: problem }
    }
    return await openFirstFree(options)
  } catch (error) {
    return { kind: 'unavailable', reason: error instanceof Error ? error.message : String(error) }
  }
}

/** Nobody makes so many runs of one name by intention. */
const HIGHEST_SUFFIX = 9999

async function openFirstFree({ odopPath, name }: OpenRunOptions): Promise<OpenRunResult> {
  let problem = ''
  let held = false
  for (let suffix = 1; suffix <= HIGHEST_SUFFIX; suffix++) {
    const candidate = suffix === 1 ? name.name : `${name.name}-${suffix}`
    const taken = await take(
      runPaths(odopPath, candidate),
      suffix === 1 ? name : { ...name, resume: resumeSuffixed(name) },
    )
    if (taken.kind === 'taken') {
      const warnings = held ? [...taken.warnings, heldText(name.name, candidate)] : taken.warnings
      return { kind: 'open', run: { name: candidate, ...taken.run }, warnings }
    }
    if (taken.kind === 'refused') {
      problem = taken.reason
      // A name of the user's own stands for one folder; if that is not safe, another one would hide it.
      if (name.resume === 'always' && !held) break
    }
    if (taken.kind === 'held' && name.resume === 'always') held = true
  }
  return {
    kind: 'unavailable',
    reason: problem || `every name from ${name.name} to ${name.name}-${HIGHEST_SUFFIX} is taken`,
  }
}

/** A second run of a user's name gets a folder of its own, never what an earlier second run has left. */
function resumeSuffixed({ resume }: RunName): RunName['resume'] {
  return resume === 'always' ? 'never' : resume
}

type Taken =
  | { readonly kind: 'taken'; readonly run: Omit<RunFolder, 'name'>; readonly warnings: readonly string[] }
  | { readonly kind: 'held' | 'exists' }
  | { readonly kind: 'refused'; readonly reason: string }

async function take(paths: RunPaths, { resume }: RunName): Promise<Taken> {
  const isNew = await makeFolder(paths.folder)
  if (!isNew) {
    if (resume === 'never') return { kind: 'exists' }
    const reason = await folderProblem(paths.folder)
    if (reason !== null) return { kind: 'refused', reason }
  }
  const lock = await lockRun(paths.lock)
  if (lock.kind === 'held') return { kind: 'held' }
  if (!isNew && typeof resume === 'number' && !(await isFromEarlierStart(paths.lock, resume))) {
    await lock.handle.close()
    return { kind: 'exists' }
  }
  const owner = { pid: process.pid, host: hostname(), restarts: typeof resume === 'number' ? resume : 0 }
  await sign(lock.handle, owner)
  return {
    kind: 'taken',
    run: {
      paths,
      resumed: !isNew,
      ends: () => sign(lock.handle, { ...owner, ends: true }),
      close: () => lock.handle.close().catch(() => {}),
    },
    warnings: lock.kind === 'unsupported' ? [unsupportedText(paths.folder)] : [],
  }
}

/** True: it was made just now; false: it was there. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function isFromEarlierStart(lockFile: string, restarts: number): Promise<boolean> {
  const owner = await readOwner(lockFile)
  return owner !== null && owner.restarts < restarts
}

async function sign(handle: FileHandle, owner: LockOwner): Promise<void> {
  try {
    await writeOwner(handle, owner)
  } catch {
    // Only told to users, and asked after a requeue; the lock itself holds. The journal will say that the disk is full.
  }
}

/** Why a folder can't be trusted with what odop executes and believes later; null: it can. */
async function folderProblem(folder: string): Promise<string | null> {
  const stats = await lstat(folder)
  // ODOP_PATH itself may be a link to a larger file system.
  if (stats.isSymbolicLink()) return folderProblem(await realpath(folder))
  if (!stats.isDirectory()) return `expected a folder, found something else: ${folder}`
  const user = process.getuid?.() ?? stats.uid
  if (stats.uid !== user)
    return `expected a folder of user ${user}, found one of user ${stats.uid}: ${folder}`
  if ((stats.mode & OTHERS_WRITE) === 0) return null
  return `others can write to ${folder}; make it yours alone: chmod go-w ${folder}`
}

const OTHERS_WRITE = 0o022

function heldText(name: string, candidate: string): string {
  return `a run named ${name} is under way; this one is named ${candidate}`
}

function unsupportedText(folder: string): string {
  return `the file system of ${folder} has no locks: do not start a second run of this name at the same time`
}
