/** Lets work that costs time be done at once when it is rare, and slows it down to a share of a core when it is not. */
export class Budget {
  readonly #share: number
  readonly #burst: number
  readonly #now: () => number
  #left: number
  #asOf: number

  /** `share` of a core in the long run; `burst`: milliseconds of work that may be done in one go; `now` in milliseconds. */
  constructor(share: number, burst: number, now: () => number = () => performance.now()) {
    this.#share = share
    this.#burst = burst
    this.#now = now
    this.#left = burst
    this.#asOf = now()
  }

  /** Work of so many milliseconds was done. */
  spend(milliseconds: number): void {
    this.#refill()
    this.#left -= milliseconds
  }

  /** Milliseconds until the next work may be done; 0: now. */
  delay(): number {
    this.#refill()
    return this.#left > 0 ? 0 : Math.floor(-this.#left / this.#share) + 1
  }

  #refill(): void {
    const now = this.#now()
    this.#left = Math.min(this.#burst, this.#left + (now - this.#asOf) * this.#share)
    this.#asOf = now
  }
}
