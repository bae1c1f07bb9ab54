import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Seconds until a job's end; Infinity: no limit; null: not known. */
type Answer = number | null

/**
 * Reads squeue's `%L`, the time that is left: `1-02:03:04`, `2:03:04`, `3:04`, `UNLIMITED`, and `INVALID` when the
 * limit has passed. null: `NOT_SET`, or anything else.
 */
export function parseTimeLeft(text: string): Answer {
  const word = text.trim()
  if (word === 'UNLIMITED') return Number.POSITIVE_INFINITY
  if (word === 'INVALID') return 0
  const match = /^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)$/.exec(word)
  if (!match) return null
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map(part => Number(part ?? 0))
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
}

/** Finds the job in what {@link squeueCommand} prints: for a job array and a heterogeneous job that is more than one. */
export function timeLeftOfJob(output: string, jobId: string): Answer {
  for (const line of output.split('\n')) {
    const [id, left = ''] = line.trim().split(/\s+/)
    if (id === jobId) return parseTimeLeft(left)
  }
  return null
}

export function squeueCommand(jobId: string): string[] {
  return ['squeue', '--noheader', `--jobs=${jobId}`, '--format=%A %L']
}

export interface JobTimeOptions {
  readonly jobId: string
  /** What the environment says, in milliseconds since the epoch. The limit may be changed while the job runs. */
  readonly endsAt: number | null
  readonly env: Readonly<Record<string, string | undefined>>
  /** For tests: runs a command and resolves with what it prints; may reject. */
  readonly print?: (command: readonly string[]) => Promise<string>
}

/** How long the job may still run. Asks Slurm itself, rarely: every question is work for a controller that all jobs share. */
export class JobTime {
  readonly #options: JobTimeOptions
  readonly #print: (command: readonly string[]) => Promise<string>
  #endsAt: number | null
  #asking: Promise<void> | null = null
  #askAt: number

  /** @param now milliseconds since the epoch */
  constructor(options: JobTimeOptions, now: number) {
    this.#options = options
    this.#print = options.print ?? (command => printed(command, options.env))
    this.#endsAt = options.endsAt
    this.#askAt = options.endsAt === null ? now : now + ASK_EVERY_MS
  }

  /** null: there is no limit, or none is known. Never negative. */
  secondsLeft(now: number): number | null {
    if (this.#endsAt === null || this.#endsAt === Number.POSITIVE_INFINITY) return null
    return Math.max(0, (this.#endsAt - now) / 1_000)
  }

  /**
   * Asks when it is time to, in the background: never waits, throws or asks twice at once. What was known stays when
   * there is no answer. The promise resolves when the question is settled, for those who want to wait.
   *
   * @param clock milliseconds since the epoch: an answer counts from when it came
   */
  refresh(clock: () => number): Promise<void> {
    const now = clock()
    if (this.#asking === null && now >= this.#askAt) {
      this.#askAt = now + (this.#endsAt === null ? ASK_AGAIN_MS : ASK_EVERY_MS)
      this.#asking = this.#ask(clock)
    }
    return this.#asking ?? Promise.resolve()
  }

  async #ask(clock: () => number): Promise<void> {
    try {
      const output = await this.#print(squeueCommand(this.#options.jobId))
      const seconds = timeLeftOfJob(output, this.#options.jobId)
      const now = clock()
      if (seconds !== null) this.#endsAt = now + seconds * 1_000
      this.#askAt = now + (this.#endsAt === null ? ASK_AGAIN_MS : ASK_EVERY_MS)
    } catch {
      // The controller is down, or squeue is missing: asked again when it is time to.
    } finally {
      this.#asking = null
    }
  }
}

const ASK_EVERY_MS = 5 * 60_000
/** While nothing is known. */
const ASK_AGAIN_MS = 60_000
const LONGEST_ANSWER_MS = 20_000

/** Loading execa would take longer than squeue itself. */
const executed = promisify(execFile)

async function printed(command: readonly string[], env: JobTimeOptions['env']): Promise<string> {
  const [program = '', ...words] = command
  // A user's own filters (SQUEUE_STATES, SQUEUE_PARTITION …) could hide the job.
  const kept = Object.entries(env).filter(([name]) => !name.startsWith('SQUEUE_'))
  const { stdout } = await executed(program, words, {
    env: Object.fromEntries(kept),
    timeout: LONGEST_ANSWER_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 2 ** 20,
  })
  return stdout
}
