import type { Snapshot } from '../core/model.ts'

/**
 * When task modules are to be loaded in a job of several nodes. Loading takes some tenths of a second of a core of this node, from
 * the application where that keeps them all; before a core of any node is idle, nothing can be started anyway.
 */
export class FirstIdle {
  /** A core of a node has been seen idle; or nobody waits for one any more. */
  readonly seen: Promise<void>
  readonly #threshold: number
  readonly #timer: NodeJS.Timeout
  #resolve = () => {}
  #isAwaited = true

  /** @param threshold a core that others use less than this, as a share, over one look is idle enough to load something */
  constructor(threshold: number) {
    this.#threshold = threshold
    this.seen = new Promise(resolve => {
      this.#resolve = resolve
    })
    this.#timer = setTimeout(() => this.waitNoLonger(), LONGEST_MS).unref()
  }

  looked({ nodes }: Pick<Snapshot, 'nodes'>): void {
    const isIdle = nodes.some(({ cores }) => cores.some(({ foreignShare }) => foreignShare < this.#threshold))
    if (isIdle) this.waitNoLonger()
  }

  get isAwaited(): boolean {
    return this.#isAwaited
  }

  waitNoLonger(): void {
    this.#isAwaited = false
    clearTimeout(this.#timer)
    this.#resolve()
  }
}

/** What is wrong with the tasks must be said while the user may still be there. */
const LONGEST_MS = 5_000
