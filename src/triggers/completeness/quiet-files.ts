import type { FilePath } from '../../core/model.ts'

/**
 * The settle rule: a file is quiet when its version has stood still between two looks that are at least so far apart.
 * In the order in which files became quiet, so that the next one due is always the first.
 */
export class QuietFiles {
  readonly #milliseconds: number
  readonly #files = new Map<FilePath, { readonly version: string; readonly since: number }>()

  constructor(seconds: number) {
    this.#milliseconds = seconds * 1000
  }

  get size(): number {
    return this.#files.size
  }

  has(path: FilePath): boolean {
    return this.#files.has(path)
  }

  paths(): IterableIterator<FilePath> {
    return this.#files.keys()
  }

  /** Takes a look's result; true: quiet for long enough (and forgotten here). `now` is of a monotonic clock. */
  isQuiet(path: FilePath, version: string, now: number): boolean {
    const known = this.#files.get(path)
    if (known?.version === version) {
      if (now - known.since < this.#milliseconds) return false
      this.#files.delete(path)
      return true
    }
    this.#files.delete(path)
    if (this.#milliseconds <= 0) return true
    this.#files.set(path, { version, since: now })
    return false
  }

  forget(path: FilePath): void {
    this.#files.delete(path)
  }

  /** Up to `limit` files that should be looked at again. */
  due(now: number, limit: number): FilePath[] {
    const due: FilePath[] = []
    for (const [path, { since }] of this.#files) {
      if (now - since < this.#milliseconds || due.length === limit) break
      due.push(path)
    }
    return due
  }

  /** Milliseconds until the first is due, or null when there is none. */
  nextDue(now: number): number | null {
    for (const { since } of this.#files.values()) return Math.max(0, this.#milliseconds - (now - since))
    return null
  }
}
