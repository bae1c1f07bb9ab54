import type { AttemptId } from '../../core/model.ts'
import { childFinder, descendants, readWrittenBytes } from '../../os/proc.ts'

/** The process that an attempt is in here, with all that it starts. */
interface Roots {
  readonly attempt: AttemptId
  readonly pids: readonly number[]
}

/**
 * What attempts with a disk limit have written on this node since they began. Processes that have ended are counted by the
 * kernel with those that waited for them, up to the runner, which waits for what nobody else does.
 */
export class WrittenBytes {
  readonly #known = new Map<AttemptId, { readonly before: number; written: number }>()
  readonly #read: (pid: number) => number | null

  constructor(read: (pid: number) => number | null = readWrittenBytes) {
    this.#read = read
  }

  /** What its runner wrote up to now was others'. */
  began({ attempt, pids }: Roots): void {
    if (!this.#known.has(attempt)) this.#known.set(attempt, { before: this.#sum(pids) ?? 0, written: 0 })
  }

  ended(attempt: AttemptId): void {
    this.#known.delete(attempt)
  }

  /** Never less than before, as processes come and go while they are read; null: the kernel does not say. */
  look({ attempt, pids }: Roots): number | null {
    const known = this.#known.get(attempt) ?? { before: 0, written: 0 }
    this.#known.set(attempt, known)
    const children = childFinder()
    const sum = this.#sum(pids.flatMap(pid => [pid, ...descendants(pid, children)]))
    if (sum === null) return null
    known.written = Math.max(known.written, sum - known.before)
    return known.written
  }

  #sum(pids: readonly number[]): number | null {
    const read = [...new Set(pids)].flatMap(pid => this.#read(pid) ?? [])
    return read.length === 0 ? null : read.reduce((sum, bytes) => sum + bytes, 0)
  }
}
