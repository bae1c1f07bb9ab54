/**
 * A quantity over time in bounded memory: per bin of time its mean and its maximum. The value counts for as long as it held, so
 * that mean times time is the quantity's integral, however wide the bins have become.
 */
export class BinnedSeries {
  readonly start: number
  #widthSeconds: number
  /** Of each bin: for how long a value is known, value times seconds, and the largest value. */
  #seconds = new Float64Array(MOST_BINS)
  #sums = new Float64Array(MOST_BINS)
  #largest = new Float64Array(MOST_BINS)

  /** `start` in milliseconds since the epoch; what is added before it is cut off. */
  constructor(start: number, widthSeconds: number = widths[0]) {
    this.start = start
    this.#widthSeconds = widthSeconds
  }

  get widthSeconds(): number {
    return this.#widthSeconds
  }

  /** The value held from one time to another. One that held for no time still counts for the maximum. */
  add(from: number, to: number, value: number): void {
    const first = Math.max(0, (from - this.start) / 1000)
    const last = (to - this.start) / 1000
    if (!(last >= first)) return
    if (last > MOST_BINS * this.#widthSeconds) this.widen(binSeconds(last))
    const width = this.#widthSeconds
    const lastBin = Math.min(MOST_BINS - 1, Math.floor(last / width))
    for (let bin = Math.floor(first / width); bin <= lastBin; bin++) {
      const seconds = Math.min(last, (bin + 1) * width) - Math.max(first, bin * width)
      // What ends where a bin begins is not part of it.
      if (seconds <= 0 && last > first) continue
      this.#seconds[bin] = (this.#seconds[bin] ?? 0) + seconds
      this.#sums[bin] = (this.#sums[bin] ?? 0) + seconds * value
      this.#largest[bin] = Math.max(this.#largest[bin] ?? 0, value)
    }
  }

  /** To one of the widths of `binSeconds`, each of which is a multiple of those before. */
  widen(widthSeconds: number): void {
    const factor = Math.round(widthSeconds / this.#widthSeconds)
    if (factor <= 1) return
    this.#seconds = folded(this.#seconds, factor, (a, b) => a + b)
    this.#sums = folded(this.#sums, factor, (a, b) => a + b)
    this.#largest = folded(this.#largest, factor, Math.max)
    this.#widthSeconds = widthSeconds
  }

  /** For how long of the bin a value is known. */
  seconds(bin: number): number {
    return this.#seconds[bin] ?? 0
  }

  /** Value times seconds. */
  sum(bin: number): number {
    return this.#sums[bin] ?? 0
  }

  /** 0 where nothing is known. */
  mean(bin: number): number {
    const seconds = this.seconds(bin)
    return seconds > 0 ? this.sum(bin) / seconds : this.max(bin)
  }

  max(bin: number): number {
    return this.#largest[bin] ?? 0
  }
}

/** More than a picture has room for. */
export const MOST_BINS = 720

/** Each is a multiple of the one before, so that bins can be joined. */
const widths = [0.1, 0.5, 1, 5, 10, 20, 60, 300, 600, 1800, 3600, 7200, 14_400] as const
/** Beyond it they double. */
const WIDEST = 14_400

/** The narrowest bins, in seconds, that are not too many for so long a time. */
export function binSeconds(durationSeconds: number): number {
  const width = widths.find(each => each * MOST_BINS >= durationSeconds)
  if (width !== undefined) return width
  const doublings = Math.ceil(Math.log2(durationSeconds / (WIDEST * MOST_BINS)))
  return WIDEST * 2 ** doublings
}

/** How many bins so long a time has. */
export function binCount(durationSeconds: number, widthSeconds: number): number {
  return Math.max(1, Math.min(MOST_BINS, Math.ceil(durationSeconds / widthSeconds - 1e-9)))
}

function folded(
  values: Float64Array,
  factor: number,
  join: (a: number, b: number) => number,
): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(values.length)
  for (const [at, value] of values.entries()) {
    const bin = Math.floor(at / factor)
    wider[bin] = join(wider[bin] ?? 0, value)
  }
  return wider
}
