import { readProc } from '../../os/proc.ts'
import { ioPressureFile } from './cgroups.ts'
import type { ReadText } from './topology.ts'

/**
 * How much of the time processes are kept waiting for I/O, by the kernel's count: that of odop's own control group where
 * there is one (version 2), else the machine's. Taken from its sum and not from its average over 10 s, in which an
 * attempt's own I/O would be seen long after its end.
 */
export class IoPressure {
  readonly #read: ReadText
  readonly #file: string
  #share: number | null = null
  #since: { readonly at: number; readonly waitedMs: number } | null = null
  #isDisturbed = false
  #undisturbedAt = Number.NEGATIVE_INFINITY

  constructor(read: ReadText = readProc) {
    this.#read = read
    this.#file = ioPressureFile(read)
  }

  /**
   * To be called with every look; reads once a second.
   *
   * @param isDisturbed an `ioBound` attempt executes: its own waiting can't be told from others', so what was seen before
   *   holds; but not for long, as the application may have begun meanwhile
   * @returns the share of that second; null: unknown
   */
  look(now: number, isDisturbed: boolean): number | null {
    this.#isDisturbed ||= isDisturbed
    const since = this.#since
    if (since !== null && now >= since.at && now - since.at < INTERVAL_MS) return this.#share
    const waitedMs = this.#waitedMs()
    this.#since = waitedMs === null ? null : { at: now, waitedMs }
    if (waitedMs === null || since === null || now <= since.at) this.#share = null
    else this.#take((waitedMs - since.waitedMs) / (now - since.at), now)
    this.#isDisturbed = isDisturbed
    return this.#share
  }

  #take(share: number, now: number): void {
    if (this.#isDisturbed && now - this.#undisturbedAt < LONGEST_HELD_MS) return
    if (!this.#isDisturbed) this.#undisturbedAt = now
    this.#share = Math.min(1, Math.max(0, share))
  }

  #waitedMs(): number | null {
    const microseconds = this.#read(this.#file)?.match(/^some .*total=(\d+)/m)?.[1]
    return microseconds === undefined ? null : Number(microseconds) / 1000
  }
}

const INTERVAL_MS = 1_000
const LONGEST_HELD_MS = 10_000
