/**
 * Wait times in bounded memory: counts in buckets that are 2 % wide, so that the median is exact to 1 % however
 * many there are. Under a millisecond nobody tells waits apart.
 */
export interface Waits {
  count: number
  minSeconds: number
  maxSeconds: number
  /** Bucket number → how many; a few hundred buckets reach from a millisecond to days. */
  readonly buckets: Map<number, number>
}

const SHORTEST_SECONDS = 0.001
const WIDTH = Math.log(1.02)

export function newWaits(): Waits {
  return { count: 0, minSeconds: 0, maxSeconds: 0, buckets: new Map() }
}

export function addWait(waits: Waits, seconds: number): void {
  const wait = Math.max(0, seconds)
  const bucket = Math.floor(Math.log(Math.max(wait, SHORTEST_SECONDS) / SHORTEST_SECONDS) / WIDTH)
  waits.buckets.set(bucket, (waits.buckets.get(bucket) ?? 0) + 1)
  waits.minSeconds = waits.count === 0 ? wait : Math.min(waits.minSeconds, wait)
  waits.maxSeconds = Math.max(waits.maxSeconds, wait)
  waits.count += 1
}

/** null: nothing has been started yet. */
export function waitSeconds(
  waits: Pick<Waits, 'count' | 'minSeconds' | 'maxSeconds'> & {
    readonly buckets: ReadonlyMap<number, number>
  },
): { readonly median: number; readonly max: number } | null {
  if (waits.count === 0) return null
  const middle = SHORTEST_SECONDS * Math.exp((medianBucket(waits) + 0.5) * WIDTH)
  const median = Math.min(Math.max(middle, waits.minSeconds), waits.maxSeconds)
  return { median, max: waits.maxSeconds }
}

function medianBucket(waits: {
  readonly count: number
  readonly buckets: ReadonlyMap<number, number>
}): number {
  let before = 0
  for (const [bucket, count] of [...waits.buckets].sort(([a], [b]) => a - b)) {
    before += count
    if (before * 2 >= waits.count) return bucket
  }
  return 0
}
