export interface MemoryWatchOptions {
  /** Memory that attempts may still take, as the kernel counts it now; null: it does not. */
  readonly available: () => number | null
  /** The reserve is touched: somebody should look and decide. */
  readonly onShort: () => void
}

/**
 * Looks at the free memory between the looks at all else, so that an attempt which allocates without end is ended before
 * the kernel has to choose. It costs nothing while no attempt executes, or while they could not reach the reserve
 * within a second; near the reserve it looks the more often, the sooner that could be touched.
 */
export class MemoryWatch {
  readonly #options: MemoryWatchOptions
  #timer: NodeJS.Timeout | null = null
  #takers = 0
  #closed = false

  constructor(options: MemoryWatchOptions) {
    this.#options = options
  }

  /**
   * To be called with every look.
   *
   * @param takers cores on which attempts execute: each can fill memory of its own
   */
  looked(availableBytes: number, takers: number): void {
    this.#takers = takers
    if (!this.#isNear(availableBytes)) this.#stop()
    else if (this.#timer === null) this.#lookAgain(availableBytes)
  }

  close(): void {
    this.#closed = true
    this.#stop()
  }

  #isNear(availableBytes: number): boolean {
    const fastest = this.#takers * FASTEST_BYTES_PER_SECOND
    return !this.#closed && this.#takers > 0 && availableBytes < fastest
  }

  #lookAgain(availableBytes: number): void {
    const soonest = (1000 * availableBytes) / (this.#takers * FASTEST_BYTES_PER_SECOND)
    const pause = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, soonest / 2))
    this.#timer = setTimeout(() => this.#look(), pause).unref()
  }

  #look(): void {
    this.#timer = null
    const available = this.#options.available()
    if (available === null) return
    if (this.#isNear(available)) this.#lookAgain(available)
    if (available <= 0) this.#options.onShort()
  }

  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}

/** More than a core fills by touching new pages: 0.5 GB/s in a virtual machine, a few times that outside of one. */
const FASTEST_BYTES_PER_SECOND = 2 * 1024 ** 3
const SHORTEST_MS = 10
const LONGEST_MS = 100
