import type { FilePath } from '../../core/model.ts'
import type { FileId } from './process-files.ts'

/** Why a file is not complete, and how to find out, cheaply, whether that is still so. */
export interface Hold {
  readonly id: FileId
  lasts(): boolean
}

const SHORTEST_MILLISECONDS = 5
const LONGEST_MILLISECONDS = 50
/** A check may take so much of the time until the next one. */
const SHARE = 0.02
const SLICE_MILLISECONDS = 4

/**
 * Files that are open for writing. Closing a file is not an event that can be watched for here, so it is asked for again
 * and again: often while the file is being written, seldom while its writer computes.
 */
export class HeldFiles {
  readonly #files = new Map<FilePath, Hold>()
  #stirredAt = 0
  #checkedAt = 0
  #cost = 0

  get size(): number {
    return this.#files.size
  }

  entries(): IterableIterator<[FilePath, Hold]> {
    return this.#files.entries()
  }

  add(path: FilePath, hold: Hold, now: number): void {
    this.#files.set(path, hold)
    this.#stirredAt = now
  }

  forget(path: FilePath): void {
    this.#files.delete(path)
  }

  /** A file was written to; true: it is a held one. */
  stir(path: FilePath, now: number): boolean {
    if (!this.#files.has(path)) return false
    this.#stirredAt = now
    return true
  }

  isHeld(path: FilePath, id: FileId): boolean {
    const hold = this.#files.get(path)
    return hold?.id === id && hold.lasts()
  }

  /** Milliseconds until the next check, or null when nothing is held. */
  nextCheck(now: number): number | null {
    if (this.#files.size === 0) return null
    const quiet = (now - this.#stirredAt) / 10
    const interval = Math.min(LONGEST_MILLISECONDS, Math.max(SHORTEST_MILLISECONDS, quiet))
    return Math.max(0, this.#checkedAt + Math.max(interval, this.#cost / SHARE) - now)
  }

  /** The files that were let go. When there are too many for one go, the next check begins with the rest. */
  check(): FilePath[] {
    const began = performance.now()
    const released: FilePath[] = []
    for (const [path, hold] of [...this.#files]) {
      this.#files.delete(path)
      if (hold.lasts()) this.#files.set(path, hold)
      else released.push(path)
      if (performance.now() - began > SLICE_MILLISECONDS) break
    }
    this.#checkedAt = performance.now()
    this.#cost = this.#checkedAt - began
    return released
  }
}
