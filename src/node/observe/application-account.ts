import { OtherPrograms, type OtherProgramsOptions } from './other-programs.ts'

/** Core-seconds of a node that are not odop's, since its beginning. */
export interface ForeignSeconds {
  readonly app: number
  readonly others: number
}

export interface ForeignUse {
  /** All that was used and is not odop's. */
  readonly seconds: number
  /** What was seen at the application's own processes: they have used no less. */
  readonly seenSeconds: number
  /** How many of them there are now. */
  readonly processes: number
}

/**
 * Tells the application's core-seconds from those of other programs, by what those have used: of the application itself too
 * little would be seen, as processes that Slurm has started end unseen between two looks, with what they have used last.
 */
export class ApplicationAccount {
  readonly #others: OtherPrograms
  #last: ForeignUse = { seconds: 0, seenSeconds: 0, processes: 0 }
  #othersSeconds = 0
  /** Used while the application was not there, by programs that nobody has seen. */
  #nobodysSeconds = 0
  #app = 0

  constructor(options: OtherProgramsOptions) {
    this.#others = new OtherPrograms(options)
  }

  /** A look. The application's part is never less than at the look before. */
  split(use: ForeignUse): ForeignSeconds {
    const { seconds, seenSeconds, processes } = use
    const othersSeconds = this.#others.usedSeconds()
    const isAbsent = processes === 0 && this.#last.processes === 0 && seenSeconds === this.#last.seenSeconds
    if (isAbsent) {
      const growth = seconds - this.#last.seconds - (othersSeconds - this.#othersSeconds)
      this.#nobodysSeconds += Math.max(0, growth)
    }
    this.#othersSeconds = othersSeconds
    this.#last = use
    const left = Math.max(seconds - othersSeconds - this.#nobodysSeconds, seenSeconds)
    this.#app = Math.min(seconds, Math.max(this.#app, left))
    return { app: this.#app, others: seconds - this.#app }
  }
}
