import type { AttemptId, AttemptSample } from '../../core/model.ts'

/** See `Sampler.exactMemoryBytes`. */
type ExactBytes = (attempt: AttemptId) => number | null

interface Known {
  readonly bytes: number
  readonly until: number
}

/**
 * Makes sure of attempts that seem to be over their memory limit: what is resident counts pages that processes share
 * once for each of them. To count them exactly the kernel walks all pages, so that is done for such attempts only, and
 * not all the time.
 */
export class ExactMemory {
  readonly #exactBytes: ExactBytes
  #known = new Map<AttemptId, Known>()

  constructor(exactBytes: ExactBytes) {
    this.#exactBytes = exactBytes
  }

  /** @param limitOf an attempt's memory limit; null: it has none */
  correct(
    samples: readonly AttemptSample[],
    limitOf: (attempt: AttemptId) => number | null,
    now: number,
  ): readonly AttemptSample[] {
    const before = this.#known
    this.#known = new Map()
    return samples.map(sample => {
      const limit = limitOf(sample.attempt)
      if (limit === null || sample.memoryBytes <= limit) return sample
      const known = before.get(sample.attempt)
      const exact = known !== undefined && now < known.until ? known : this.#measure(sample, now)
      this.#known.set(sample.attempt, exact)
      return { ...sample, memoryBytes: Math.min(sample.memoryBytes, exact.bytes) }
    })
  }

  #measure({ attempt, memoryBytes }: AttemptSample, now: number): Known {
    const start = performance.now()
    const bytes = this.#exactBytes(attempt) ?? memoryBytes
    return { bytes, until: now + (performance.now() - start) / LARGEST_SHARE }
  }
}

/** Of a core. */
const LARGEST_SHARE = 0.02
