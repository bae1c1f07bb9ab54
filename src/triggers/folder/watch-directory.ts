import { stat } from 'node:fs/promises'
import type { FSWatcher } from 'chokidar'
import type { FilePath } from '../../core/model.ts'
import { pathToBytes } from '../../os/path-bytes.ts'
import { Budget } from '../budget.ts'
import { errorCode } from '../once.ts'

export interface DirectoryHints {
  /** Something happened to this name; null: to any. `entry`: it may be new, or gone, not only changed. */
  changed(name: string | null, entry: boolean): void
  /** No hints can be had here (any more): the caller has to look by itself. `code` as `ENOSPC`. */
  failed(code: string): void
}

export interface DirectoryWatch {
  close(): Promise<void>
}

/**
 * Hints that something changed in one folder (not below it). Resolves when hints are flowing; null: they can't be had
 * for this name, because chokidar takes only well-formed text and turns a backslash into a slash.
 *
 * Every write() to a file of the folder is an event that wakes odop, and that the writer itself pays for: so past a small budget the
 * watch pauses, and only the folder's own time is looked at.
 */
export async function watchDirectory(
  folder: FilePath,
  hints: DirectoryHints,
): Promise<DirectoryWatch | null> {
  if (!folder.isWellFormed() || folder.includes('\\')) return null
  const watch = new PausingWatch(folder, hints)
  try {
    await watch.open()
    return watch
  } catch (error) {
    hints.failed(errorCode(error))
    return null
  }
}

/** Measured: one event through inotify, libuv and chokidar, with the wake-up. */
const EVENT_MILLISECONDS = 0.15
const PAUSE_MILLISECONDS = 1000
const LOOK_WHILE_PAUSED_MILLISECONDS = 50

class PausingWatch implements DirectoryWatch {
  readonly #folder: FilePath
  readonly #hints: DirectoryHints
  readonly #budget = new Budget(0.01, 75)
  #watcher: FSWatcher | null = null
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(folder: FilePath, hints: DirectoryHints) {
    this.#folder = folder
    this.#hints = hints
  }

  async open(): Promise<void> {
    const watcher = await makeWatcher()
    if (this.#closed) return
    this.#watcher = watcher
    watcher.on('raw', (event, name, details) => {
      // chokidar watches the parent of a folder that has just gone.
      if (this.#watcher === watcher && isAbout(details, this.#folder)) this.#onEvent(event, name)
    })
    watcher.on('error', error => this.#hints.failed(errorCode(error)))
    await new Promise<void>(resolve => {
      watcher.on('ready', resolve)
      watcher.add(this.#folder)
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#watcher?.close()
  }

  #onEvent(event: string, name: string | null): void {
    this.#hints.changed(name === null || name.includes('\uFFFD') ? null : name, event === 'rename')
    this.#budget.spend(EVENT_MILLISECONDS)
    if (this.#budget.delay() > 0) this.#pause()
  }

  #pause(): void {
    void this.#watcher?.close()
    this.#watcher = null
    void this.#whilePaused(performance.now() + PAUSE_MILLISECONDS, null)
  }

  async #whilePaused(until: number, seen: bigint | null): Promise<void> {
    const time = await modified(this.#folder)
    if (this.#closed) return
    if (time !== seen) this.#hints.changed(null, true)
    if (performance.now() < until) {
      this.#timer = setTimeout(() => void this.#whilePaused(until, time), LOOK_WHILE_PAUSED_MILLISECONDS)
      return
    }
    await this.open()
    if (!this.#closed) this.#hints.changed(null, true)
  }
}

async function modified(folder: FilePath): Promise<bigint> {
  try {
    return (await stat(pathToBytes(folder), { bigint: true })).mtimeNs
  } catch {
    return -1n
  }
}

function isAbout(details: unknown, folder: string): boolean {
  return (details as { watchedPath?: string }).watchedPath === folder
}

/**
 * chokidar reads the whole folder, with an lstat of every file, up to once a second while something is written there:
 * more than a core for a folder of 2,000 files (measured). odop lists folders itself, so this watcher reads none.
 */
async function makeWatcher(): Promise<FSWatcher> {
  const chokidar = await import('chokidar')
  class HintsOnly extends chokidar.FSWatcher {
    override _readdirp(): undefined {}
  }
  // Not persistent would be without a handler for errors of the watch, which then end the process.
  return new HintsOnly({ persistent: true, ignoreInitial: true, atomic: false, depth: 0 })
}
