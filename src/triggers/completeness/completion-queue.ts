import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import type { FilePath } from '../../core/model.ts'
import { pathToBytes } from '../../os/path-bytes.ts'
import type { Volumes } from '../folder/network-file-system.ts'
import { HeldFiles } from './held-files.ts'
import type { AskLease } from './lease.ts'
import { type Look, lookAtFiles, versionOf } from './look-at-files.ts'
import { type FileId, fileId, stillHolds } from './process-files.ts'
import { QuietFiles } from './quiet-files.ts'
import type { Search, Writers } from './writer-search.ts'

export interface CompletionOptions {
  readonly settleSeconds: number
  /** Both null: writers can't be seen, the settle rule holds for every file. */
  readonly askLease: AskLease | null
  readonly search: Search | null
  readonly volumes: Volumes
  /** Whether this version of a file is still to be told of; asked before the costly part. */
  wanted(path: FilePath, version: string): boolean
  complete(path: FilePath, version: string): void
  warn(text: string): void
}

/** A file that flush did not wait for any longer, and why. */
export interface Unfinished {
  readonly path: FilePath
  /** The process that has it open for writing, if that is the reason. */
  readonly pid: number | null
  /** `open`: somebody has it open for writing. `empty`, `settling`: it has to stay as it is for a while. `unseen`: it is being looked at. */
  readonly why: 'open' | 'empty' | 'settling' | 'unseen'
}

/** Files that are looked at in one go. */
const GO = 256
const ANSWERS_A_GO = 256
/** A writer that creates a file, closes it and opens it again to write gets so long, while the file is empty. */
const EMPTY_SECONDS = 0.1
/** File times come from the kernel's tick, which lies up to 10 ms behind; more than that and they are surely older. */
const CLOCK_TOLERANCE_MILLISECONDS = 50
const ANSWER_VALID_MILLISECONDS = 5000
const IDLE_CAP_MILLISECONDS = 60_000

/**
 * Files on their way to being complete: looked at (`stat`), then asked about (does any process write to them?), then complete, or
 * held by a writer, or waiting to stand still. Each step is done for many files at once; there is one timer for all.
 *
 * ```
 *  look() ─► toLook ─► asking ─► complete
 *              ▲  │       ├────► held      its writer closes it ──┐
 *              │  └───────┴────► quiet     its time has come ─────┤
 *              └──────────────────────────────────────────────────┘
 * ```
 */
export class CompletionQueue {
  readonly #options: CompletionOptions
  readonly #toLook = new Set<FilePath>()
  readonly #asking = new Map<FilePath, Candidate>()
  readonly #held = new HeldFiles()
  readonly #empty = new QuietFiles(EMPTY_SECONDS)
  readonly #settling: QuietFiles
  #looking = false
  #searching = false
  #looks = 0
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: CompletionOptions) {
    this.#options = options
    this.#settling = new QuietFiles(options.settleSeconds)
  }

  /** There is something of this name, perhaps a file, perhaps a new one. */
  look(path: FilePath): void {
    if (this.#closed) return
    this.#toLook.add(path)
    void this.#work()
  }

  /** The file was written to. */
  written(path: FilePath): void {
    if (this.#held.stir(path, performance.now())) this.#arm()
    else this.look(path)
  }

  /** Files are on their way. */
  get isBusy(): boolean {
    return this.#pending()
  }

  /** Resolves when every file that is known was looked at. */
  async looked(): Promise<void> {
    while (!this.#closed && this.#looking) await pause(5)
  }

  /**
   * Resolves when no file is on its way any more, or when the rest has made no progress for so long (milliseconds);
   * answers with that rest.
   */
  async idle(patience: number): Promise<Unfinished[]> {
    const cap = performance.now() + IDLE_CAP_MILLISECONDS
    let deadline = performance.now() + patience
    let looks = this.#looks
    let backlog = true
    while (!this.#closed && this.#pending() && performance.now() < Math.min(deadline, cap)) {
      await pause(5)
      backlog &&= this.#toLook.size + this.#asking.size > 0
      if (backlog && looks !== this.#looks) deadline = performance.now() + patience
      looks = this.#looks
    }
    return this.#pending() ? await this.unfinished() : []
  }

  /** The files that are on their way, and why each is not complete. Searches for writers, so it is for who asks. */
  async unfinished(): Promise<Unfinished[]> {
    const held = [...this.#held.entries()]
    const holders = held.length > 0 ? (await this.#options.search?.search())?.holders : undefined
    const unknown = (paths: Iterable<FilePath>, why: Unfinished['why']) =>
      [...paths].map(path => ({ path, pid: null, why }))
    return [
      ...held.map(([path, { id }]) => ({ path, pid: holders?.get(id)?.pid ?? null, why: 'open' as const })),
      ...unknown([...this.#toLook, ...this.#asking.keys()], 'unseen'),
      ...unknown(this.#empty.paths(), 'empty'),
      ...unknown(this.#settling.paths(), 'settling'),
    ]
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #work(): Promise<void> {
    if (this.#looking) return
    this.#looking = true
    // What is announced in this turn of the event loop is looked at together.
    await nextTurn()
    try {
      while (!this.#closed) {
        this.#takeDue()
        if (this.#toLook.size === 0) break
        await this.#lookAt(this.#take())
      }
    } catch (error) {
      this.#options.warn(`files can't be looked at: ${(error as Error).message}`)
    }
    this.#looking = false
    this.#arm()
  }

  #take(): FilePath[] {
    const paths: FilePath[] = []
    for (const path of this.#toLook) {
      paths.push(path)
      this.#toLook.delete(path)
      if (paths.length === GO) break
    }
    return paths
  }

  #takeDue(): void {
    const now = performance.now()
    for (const quiet of [this.#empty, this.#settling]) {
      for (const path of quiet.due(now, GO)) if (!this.#asking.has(path)) this.#toLook.add(path)
    }
  }

  async #lookAt(paths: readonly FilePath[]): Promise<void> {
    for (const look of await lookAtFiles(paths)) await this.#judge(look)
    this.#looks += paths.length
    await nextTurn()
  }

  async #judge({ path, stats, code }: Look): Promise<void> {
    if (code === 'EACCES') {
      this.#options.warn(
        `files in ${dirname(path)} can't be looked at (permission denied), so they do not fire: chmod u+x it`,
      )
    }
    if (stats === null || !stats.isFile()) return this.#forget(path)
    const version = versionOf(stats)
    if (!this.#options.wanted(path, version)) return this.#forget(path)

    const candidate = { path, version, id: fileId(stats), changedAt: Number(stats.ctimeNs / 1_000_000n) }
    if (!(await this.#showsWriters(stats.dev, path))) return this.#settle(candidate)
    if (this.#held.isHeld(path, candidate.id)) return
    this.#held.forget(path)
    if (stats.size === 0n && !this.#settling.has(path)) {
      if (!this.#empty.isQuiet(path, version, performance.now())) return
    }
    this.#ask(candidate)
  }

  async #showsWriters(device: bigint, path: FilePath): Promise<boolean> {
    const { askLease, search, volumes } = this.#options
    return (askLease !== null || search !== null) && !(await volumes.isNetwork(device, path))
  }

  /** For a few files the kernel is asked about each; for many it is cheaper to search all processes once. */
  #ask(candidate: Candidate): void {
    const { path } = candidate
    const { askLease, search } = this.#options
    this.#empty.forget(path)
    const latest = search?.latest ?? null
    if (latest !== null && answersFor(latest, candidate)) {
      this.#answer(candidate, latest)
      return
    }
    const isOneOfMany = search !== null && this.#toLook.size >= GO
    const answer = askLease === null || isOneOfMany ? 'unknown' : askLease(path)
    if (answer === 'free') this.#finish(candidate)
    else if (answer === 'busy') this.#hold(candidate, () => askLease?.(path) === 'busy')
    else if (search === null) this.#settle(candidate)
    else {
      this.#asking.set(path, candidate)
      void this.#searchFor(search)
    }
  }

  #hold({ path, id }: Candidate, lasts: () => boolean): void {
    this.#settling.forget(path)
    this.#held.add(path, { id, lasts }, performance.now())
  }

  async #searchFor(search: Search): Promise<void> {
    if (this.#searching) return
    this.#searching = true
    while (!this.#closed && this.#asking.size > 0) {
      const batch = [...this.#asking.values()]
      const writers = await search.search()
      for (const [index, candidate] of batch.entries()) {
        if (index % ANSWERS_A_GO === ANSWERS_A_GO - 1) await nextTurn()
        // A later look at the same file needs a later search.
        if (this.#closed || this.#asking.get(candidate.path) !== candidate) continue
        this.#asking.delete(candidate.path)
        this.#answer(candidate, writers)
      }
    }
    this.#searching = false
    this.#arm()
  }

  #answer(candidate: Candidate, writers: Writers): void {
    const holder = writers.holders.get(candidate.id)
    if (holder !== undefined) {
      this.#hold(candidate, () => stillHolds(holder))
    } else if (writers.hidden !== null) {
      const { settleSeconds, warn } = this.#options
      warn(
        `odop can't see which files ${writers.hidden} has open: ` +
          `while it runs, a file counts as complete when it was not changed for ${settleSeconds} s`,
      )
      this.#settle(candidate)
    } else if (existsSync(pathToBytes(candidate.path))) {
      this.#finish(candidate)
    } else {
      // A search takes long enough for a file to vanish meanwhile, and whoever had it open is gone then, too.
      this.#forget(candidate.path)
    }
  }

  #settle(candidate: Candidate): void {
    if (this.#settling.isQuiet(candidate.path, candidate.version, performance.now())) this.#finish(candidate)
  }

  #finish({ path, version }: Candidate): void {
    // Something happened to it since the look that led here.
    if (this.#toLook.has(path)) return
    this.#forget(path)
    try {
      if (this.#options.wanted(path, version)) this.#options.complete(path, version)
    } catch (error) {
      this.#options.warn(`${path} could not be queued: ${(error as Error).message}`)
    }
  }

  #forget(path: FilePath): void {
    this.#held.forget(path)
    this.#empty.forget(path)
    this.#settling.forget(path)
    this.#asking.delete(path)
  }

  /** Sets the one timer to what is due next. */
  #arm(): void {
    if (this.#closed || this.#looking) return
    const now = performance.now()
    const due = [this.#held.nextCheck(now), this.#empty.nextDue(now), this.#dueSettling(now)]
    const next = due.filter(delay => delay !== null)
    clearTimeout(this.#timer)
    if (next.length > 0) this.#timer = setTimeout(() => this.#onTimer(), Math.ceil(Math.min(...next)))
  }

  /** Settling files that are asked about stay due until the answer, which arms the timer again. */
  #dueSettling(now: number): number | null {
    return this.#searching ? null : this.#settling.nextDue(now)
  }

  #onTimer(): void {
    if (this.#held.nextCheck(performance.now()) === 0) {
      for (const path of this.#held.check()) this.#toLook.add(path)
    }
    void this.#work()
  }

  #pending(): boolean {
    return this.#looking || this.#toLook.size + this.#asking.size + this.#waiting() > 0
  }

  #waiting(): number {
    return this.#held.size + this.#empty.size + this.#settling.size
  }
}

interface Candidate {
  readonly path: FilePath
  readonly version: string
  readonly id: FileId
  /** Last change of content, name or mode: milliseconds since the epoch. */
  readonly changedAt: number
}

/**
 * An earlier search tells of a file that had existed unchanged before it began: it would have been seen open, and if it was opened
 * later, that is a rewrite. That it was open then tells nothing about now.
 */
function answersFor(writers: Writers, { id, changedAt }: Candidate): boolean {
  if (writers.holders.has(id)) return false
  const isRecent = performance.now() - writers.beganAtMonotonic < ANSWER_VALID_MILLISECONDS
  return isRecent && changedAt + CLOCK_TOLERANCE_MILLISECONDS < writers.beganAt
}
