import type { NodeName, Snapshot } from '../core/model.ts'

/**
 * When task modules are to be loaded in a job of several nodes. Loading takes some tenths of a second of a core of this node, from
 * the application where that keeps them all; before a core of any node is idle, nothing can be started anyway.
 */
export class FirstIdle {
  /** A core of a node has been seen idle; or nobody waits for one any more. */
  readonly seen: Promise<void>
  readonly #node: NodeName
  readonly #threshold: number
  readonly #timer: NodeJS.Timeout
  #resolve = () => {}
  #isHere = false
  #isAwaited = true

  /**
   * @param node this one
   * @param threshold a core that others use less than this, as a share, over one look is idle enough to load something
   */
  constructor(node: NodeName, threshold: number) {
    this.#node = node
    this.#threshold = threshold
    this.seen = new Promise(resolve => {
      this.#resolve = resolve
    })
    this.#timer = setTimeout(() => this.waitNoLonger(), LONGEST_MS).unref()
  }

  /** Whether a core of this node was idle at the last look. */
  get isHere(): boolean {
    return this.#isHere
  }

  looked({ nodes }: Pick<Snapshot, 'nodes'>): void {
    const idle = nodes.filter(({ cores }) => cores.some(({ foreignShare }) => foreignShare < this.#threshold))
    this.#isHere = idle.some(({ node }) => node === this.#node)
    if (idle.length > 0) this.waitNoLonger()
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
