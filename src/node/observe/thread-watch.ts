import type { CoreId } from '../../core/model.ts'
import type { System, ThreadId } from './system.ts'

/**
 * Looks at a few threads of the application again and again, much more often than at its whole tree, and tells for which
 * cores they had to wait. Only where the kernel does not preempt attempts for the application, and while some execute.
 */
export class ThreadWatch {
  readonly #system: System
  #delays = new Map<number, number>()
  #lookedAt: number | null = null

  constructor(system: System) {
    this.#system = system
  }

  /** The cores for which threads waited for too large a part of the time since the last look; the first one tells nothing. */
  look(threads: readonly ThreadId[], now: number): Set<CoreId> {
    const before = this.#delays
    const seconds = this.#lookedAt === null ? 0 : (now - this.#lookedAt) / 1000
    const waited = new Map<CoreId, number>()
    this.#delays = new Map()
    for (const id of threads) {
      const delay = this.#system.threadTimes(id)?.delaySeconds
      if (delay === undefined) continue
      this.#delays.set(id.thread, delay)
      const grown = delay - (before.get(id.thread) ?? delay)
      if (grown <= 0) continue
      const core = this.#system.threadCore(id)
      if (core !== null) waited.set(core, (waited.get(core) ?? 0) + grown)
    }
    this.#lookedAt = now
    const limit = CONTENDED_SHARE * seconds
    return new Set([...waited].filter(([, delay]) => seconds > 0 && delay > limit).map(([core]) => core))
  }

  /** The next look begins anew. */
  forget(): void {
    this.#delays.clear()
    this.#lookedAt = null
  }
}

/** A core counts as in use when threads waited for it this part of the time: some is normal whenever several share it. */
const CONTENDED_SHARE = 0.05
