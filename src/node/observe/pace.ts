/**
 * Spaces out looks that cost much: after one that took d ms, the next is due when d is at most `share` of the time
 * between them, but never later than `longestMs`.
 */
export class Pace {
  readonly #share: number
  readonly #longestMs: number
  #nextAt = Number.NEGATIVE_INFINITY

  constructor(share: number, longestMs: number) {
    this.#share = share
    this.#longestMs = longestMs
  }

  due(now: number): boolean {
    return now >= this.#nextAt
  }

  /** Runs one look and measures it. */
  spend(now: number, look: () => void): void {
    const start = performance.now()
    look()
    const costMs = performance.now() - start
    this.#nextAt = now + Math.min(this.#longestMs, costMs / this.#share)
  }
}
