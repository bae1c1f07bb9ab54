import type { RunState } from '../core/state.ts'
import { readJournal } from '../journal/journal-reader.ts'
import type { RunPaths } from '../journal/run-paths.ts'
import { type Folded, fold, newFolded } from '../views/folded.ts'
import type { DetailOptions } from '../views/item-detail.ts'
import type { HistoryOptions } from '../views/item-history.ts'

/** A live run, folded from its journal as every other view is, and followed as that grows. */
export class RunReader {
  readonly #paths: RunPaths
  readonly #folded: Folded
  #end = 0
  #readAt = Number.NEGATIVE_INFINITY

  constructor(paths: RunPaths, keep: HistoryOptions = { keepEnded: MOST_ENDED }) {
    this.#paths = paths
    this.#folded = newFolded(keep)
  }

  /** The run as it is now; not to be called again before it has resolved. */
  async read(): Promise<FoldedRun> {
    if (performance.now() - this.#readAt >= FRESH_MILLISECONDS) {
      const read = await readJournal(this.#paths.journal, event => fold(this.#folded, event), {
        from: this.#end,
      })
      if (read.kind === 'read') this.#end = read.end
      this.#readAt = performance.now()
    }
    const { attemptLog } = this.#paths
    const { state, details, history } = this.#folded
    const options = { now: Date.now(), alive: true, snapshot: null, details, history }
    return { state, options: { ...options, attemptLog } }
  }
}

export interface FoldedRun {
  readonly state: RunState
  /** What views of it need besides. */
  readonly options: DetailOptions
}

/** Work items that have ended are kept one by one up to so many: some 20 MB. */
const MOST_ENDED = 20_000
/** Questions that come closer see the same. */
const FRESH_MILLISECONDS = 100
