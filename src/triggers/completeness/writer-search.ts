import { readFileSync } from 'node:fs'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import { Budget } from '../budget.ts'
import { MountTable } from '../folder/network-file-system.ts'
import {
  descriptors,
  type FileId,
  type Holder,
  nameAndStart,
  processIds,
  runsAs,
  shownOwner,
  writtenFile,
} from './process-files.ts'

/** What one search through all processes of this user found: every regular file that is open for writing. */
export interface Writers {
  /** When the search began: milliseconds since the epoch, as file times are, and of `performance.now()`. */
  readonly beganAt: number
  readonly beganAtMonotonic: number
  readonly holders: ReadonlyMap<FileId, Holder>
  /** A process of this user that may not be looked into (`sudo (pid 123)`); null: all were seen. */
  readonly hidden: string | null
}

/** Searches for the writers of files; what `CompletionQueue` needs of `WriterSearch`. */
export interface Search {
  /** The last finished search. */
  readonly latest: Writers | null
  /** A search that begins after this call; calls that wait at the same time share it. */
  search(): Promise<Writers>
}

/** The one search of this process, shared by all triggers; null where files of other processes can't be seen. */
export function sharedSearch(): Search | null {
  if (shared === undefined) shared = canSeeProcesses() ? new WriterSearch() : null
  return shared
}

let shared: Search | null | undefined

function canSeeProcesses(): boolean {
  return process.platform === 'linux' && Array.isArray(descriptors(process.pid))
}

/** Longest stretch in which nothing else happens in this process. */
const SLICE_MILLISECONDS = 4
/** Processes that appear during a search may have been handed a file by one that was already looked at. */
const ROUNDS = 4

/** Files that appear now and then are searched for at once; a stream of them shares searches. */
const SHARE = 0.02
const BURST_MILLISECONDS = 250

export class WriterSearch implements Search {
  latest: Writers | null = null
  readonly #budget: Budget
  readonly #uid = process.geteuid?.() ?? 0
  readonly #ownStart = nameAndStart('self')?.start ?? 0
  /** Processes that were found to be somebody else's although they show no owner but root. */
  #foreign = new Set<number>()
  #waiting: Promise<Writers> | null = null
  #last: Promise<unknown> = Promise.resolve()

  constructor(budget: Budget = new Budget(SHARE, BURST_MILLISECONDS)) {
    this.#budget = budget
  }

  search(): Promise<Writers> {
    if (this.#waiting === null) {
      this.#waiting = this.#searchAfter(this.#last)
      this.#last = this.#waiting
    }
    return this.#waiting
  }

  async #searchAfter(earlier: Promise<unknown>): Promise<Writers> {
    await earlier
    for (let delay = this.#budget.delay(); delay > 0; delay = this.#budget.delay())
      await pause(delay, undefined, { ref: false })
    // From here on a new caller needs a new search.
    this.#waiting = null
    this.latest = await this.#searchAll()
    return this.latest
  }

  async #searchAll(): Promise<Writers> {
    const beganAt = Date.now()
    const beganAtMonotonic = performance.now()
    const holders = new Map<FileId, Holder>()
    const mounts = new MountTable(readMounts())
    const seen = new Set<number>()
    let hidden: string | null = null
    let slice = new Slice()

    for (let round = 0; round < ROUNDS; round++) {
      const added = processIds().filter(pid => !seen.has(pid))
      if (added.length === 0) break
      for (const pid of added) {
        seen.add(pid)
        for (const holder of this.#writtenBy(pid, mounts)) {
          if (typeof holder === 'string') hidden = holder
          else if (holder !== null) holders.set(holder.id, holder)
          if (!slice.isOver()) continue
          this.#budget.spend(slice.cost())
          await nextTurn()
          slice = new Slice()
        }
      }
    }
    this.#budget.spend(slice.cost())
    this.#foreign = new Set([...this.#foreign].filter(pid => seen.has(pid)))
    return { beganAt, beganAtMonotonic, holders, hidden }
  }

  /** One step for each descriptor; a text: this process may not be looked into. */
  *#writtenBy(pid: number, mounts: MountTable): Generator<Holder | string | null> {
    if (!this.#isOurs(pid)) return yield null
    const fds = descriptors(pid)
    if (fds === 'denied') return yield this.#hiddenProcess(pid)
    if (fds === 'gone') return yield null
    for (const fd of fds) yield writtenFile(pid, fd, path => mounts.isNetwork(path))
  }

  /** root sees all processes, and they may all write here; everybody else looks at their own. */
  #isOurs(pid: number): boolean {
    if (this.#uid === 0) return true
    const owner = shownOwner(pid)
    if (owner === this.#uid) return true
    if (owner !== 0 || this.#foreign.has(pid)) return false
    if (runsAs(pid, this.#uid)) return true
    this.#foreign.add(pid)
    return false
  }

  /** Only what started after odop can be the application's; a user's key agents are always there and always hidden. */
  #hiddenProcess(pid: number): string | null {
    if (!runsAs(pid, this.#uid)) return null
    const known = nameAndStart(pid)
    return known !== null && known.start >= this.#ownStart ? `${known.name} (pid ${pid})` : null
  }
}

/** A stretch of synchronous work. Its cost is CPU time, since a busy machine would make it look dear. */
class Slice {
  readonly #began = performance.now()
  readonly #cpuBefore = process.cpuUsage()

  isOver(): boolean {
    return performance.now() - this.#began > SLICE_MILLISECONDS
  }

  cost(): number {
    const { user, system } = process.cpuUsage(this.#cpuBefore)
    return Math.min(performance.now() - this.#began, (user + system) / 1000)
  }
}

function readMounts(): string {
  try {
    return readFileSync('/proc/self/mounts', 'latin1')
  } catch {
    return ''
  }
}
