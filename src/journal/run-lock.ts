import { spawnSync } from 'node:child_process'
import { constants, type FileHandle, open, readFile } from 'node:fs/promises'
import { systemCalls } from '../os/system-calls.ts'

/** Who has a run, or had it last; the content of its lock file. */
export interface LockOwner {
  readonly pid: number
  readonly host: string
  /** How many times Slurm had started the job again. */
  readonly restarts: number
  /** Its launch is over but for what is written at the end: the lock will be free in a moment. */
  readonly ends?: boolean
}

/**
 * - `locked`: it is ours until `handle` is closed, or until this process has ended, however that happens
 * - `held`: somebody else has it
 * - `unsupported`: the file system has no locks; `handle` is open, but nothing is known
 */
export type LockResult =
  | { readonly kind: 'locked' | 'unsupported'; readonly handle: FileHandle }
  | { readonly kind: 'held' }

/**
 * Somebody who only looks (`odop runs`) holds the lock for a moment: asks again before it counts as held. A job that goes on where
 * another has just ended may come while that one still writes its report: then it asks for longer.
 */
export async function lockRun(file: string): Promise<LockResult> {
  for (let attempt = 1; ; attempt++) {
    const result = await tryLock(await openToLock(file), 'exclusive')
    if (result.kind !== 'held') return result
    if (attempt >= ATTEMPTS && (attempt >= ATTEMPTS_AT_AN_END || (await readOwner(file))?.ends !== true))
      return result
    await new Promise(resolve => setTimeout(resolve, ATTEMPT_MILLISECONDS))
  }
}

/** Whether somebody holds the lock; null where that can't be known. Several may ask at once: none takes another for the owner. */
export async function isLocked(file: string): Promise<boolean | null> {
  try {
    const result = await tryLock(await open(file, 'r+').catch(() => open(file, 'r')), 'shared')
    if (result.kind === 'held') return true
    await result.handle.close()
    return result.kind === 'locked' ? false : null
  } catch {
    return null
  }
}

/** The handle is that of the lock. */
export async function writeOwner(handle: FileHandle, owner: LockOwner): Promise<void> {
  await handle.truncate(0)
  await handle.write(`${JSON.stringify(owner)}\n`, 0)
}

export async function readOwner(file: string): Promise<LockOwner | null> {
  try {
    const {
      pid,
      host,
      restarts,
      ends = false,
    } = JSON.parse(await readFile(file, 'utf8')) as Partial<LockOwner>
    if (typeof pid !== 'number' || typeof host !== 'string' || typeof restarts !== 'number') return null
    return { pid, host, restarts, ends }
  } catch {
    return null
  }
}

const ATTEMPTS = 4
/** 15 s. */
const ATTEMPTS_AT_AN_END = 600
const ATTEMPT_MILLISECONDS = 25

/** For writing: an exclusive lock on NFS needs that. Without truncating: the content may be somebody else's. */
function openToLock(file: string): Promise<FileHandle> {
  return open(file, constants.O_RDWR | constants.O_CREAT, 0o600)
}

type LockKind = 'exclusive' | 'shared'

async function tryLock(handle: FileHandle, kind: LockKind): Promise<LockResult> {
  const locked = lockDescriptor(handle.fd, kind)
  if (locked !== false) return { kind: locked === null ? 'unsupported' : 'locked', handle }
  await handle.close()
  return { kind: 'held' }
}

/** The lock belongs to the open file, not to the process: one that `flock` sets on an inherited descriptor stays. */
function lockDescriptor(fd: number, kind: LockKind): boolean | null {
  const calls = systemCalls()
  if (calls !== null) return calls.lock(fd, kind)
  const { status } = spawnSync('flock', [`--${kind}`, '--nonblock', '--conflict-exit-code', '75', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
  })
  return status === 0 ? true : status === 75 ? false : null
}
