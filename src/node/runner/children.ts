import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { childFinder } from '../../os/proc.ts'
import type { SystemCalls } from '../../os/system-calls.ts'
import { Leftovers } from '../keeper/leftovers.ts'

/**
 * The processes that attempts in this runner start. The runner is a subreaper, so also what an attempt's child has
 * left behind, in whatever session, is below it and ends with the attempt.
 */
export class Children {
  readonly #leftovers: Leftovers
  readonly #quickLook = new QuickLook()
  /** Not of an attempt: what loading modules has started, such as the compiler's service. */
  #spared: ReadonlySet<number> = new Set()

  constructor(native: SystemCalls) {
    this.#leftovers = new Leftovers(native)
  }

  /** What runs now stays until the runner ends. */
  spareAll(): void {
    this.#spared = new Set(childFinder()(process.pid))
  }

  /** Zombies of orphans take up a process id each; an attempt may make thousands. */
  reapOrphans(): void {
    if (!this.#areOnlySpared()) this.#leftovers.reapOrphans()
  }

  /** What a thread or timer that an attempt has left running starts afterwards. */
  endLate(): void {
    if (!this.#areOnlySpared()) this.#leftovers.look(this.#spared)
  }

  /** Ends everything that the attempt has started; false: something is left, so the keeper has to. */
  async end(): Promise<boolean> {
    return this.#areOnlySpared() || (await this.#leftovers.end(() => this.#spared, LONGEST_CLEARING_MS))
  }

  #areOnlySpared(): boolean {
    return this.#quickLook.children()?.every(pid => this.#spared.has(pid)) ?? false
  }
}

const LONGEST_CLEARING_MS = 1_000

/**
 * Lists the children of this process in 20 µs rather than the 280 that opening the file of each thread takes: that is
 * done after every attempt, and small attempts are thousands.
 */
class QuickLook {
  #threads: number | null = null
  #files: number[] = []
  readonly #buffer = Buffer.alloc(BUFFER_BYTES)

  /** null: can't be said this way. */
  children(): number[] | null {
    try {
      this.#followThreads()
      return this.#files.flatMap(file => this.#childrenIn(file))
    } catch {
      this.#close()
      return null
    }
  }

  /** A folder has two links more than it has folders, here threads. */
  #followThreads(): void {
    const threads = statSync(THREADS).nlink
    if (threads === this.#threads) return
    this.#close()
    for (const name of readdirSync(THREADS)) this.#files.push(openSync(`${THREADS}/${name}/children`, 'r'))
    this.#threads = threads
  }

  /** Fails for a thread that has ended. */
  #childrenIn(file: number): number[] {
    const length = readSync(file, this.#buffer, 0, BUFFER_BYTES, 0)
    if (length === 0) return []
    return this.#buffer.toString('latin1', 0, length).trim().split(' ').map(Number)
  }

  #close(): void {
    for (const file of this.#files) closeSync(file)
    this.#files = []
    this.#threads = null
  }
}

const THREADS = '/proc/self/task'
const BUFFER_BYTES = 4096
