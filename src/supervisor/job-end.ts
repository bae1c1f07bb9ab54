import type { JobTime } from '../cluster/time-left.ts'
import { formatDuration } from '../core/units.ts'
import { type EndingParts, endAttempts } from './ending.ts'
import type { Metrics } from './metrics.ts'
import { keepSummary, type ReportOptions } from './report.ts'

export interface JobEndOptions extends Omit<ReportOptions, 'environment'> {
  readonly parts: EndingParts
  readonly metrics: Metrics
  /** null: not in a job of Slurm. */
  readonly jobTime: JobTime | null
  /** What is pending stays so: a drain would be killed with the job. */
  readonly interrupt: () => void
}

/** Slurm's `--signal` comes at most so long before the end, unless it is the application's own affair. */
const NEAR_THE_END_SECONDS = 600
const ANNOUNCING: ReadonlySet<string> = new Set([
  'SIGTERM',
  'SIGINT',
  'SIGXCPU',
  'SIGUSR1',
  'SIGUSR2',
  'SIGHUP',
  'SIGQUIT',
])

/**
 * The end of a job is announced by a signal: SIGTERM at the time limit, 30 s before SIGKILL, or whatever `--signal` asks for.
 * Attempts end first, so that nothing of them is cut off, and what the run has done is written before the kill.
 */
export class JobEnd {
  readonly #options: JobEndOptions
  #announced = false

  constructor(options: JobEndOptions) {
    this.#options = options
  }

  /** A signal that the application, or a step of the job, was sent. */
  signalled(signal: string): void {
    const { jobTime, parts } = this.#options
    if (this.#announced || jobTime === null || !ANNOUNCING.has(signal)) return
    const left = jobTime.secondsLeft(parts.now())
    const isNear = left === null ? signal === 'SIGTERM' : left <= NEAR_THE_END_SECONDS
    if (!isNear) return
    this.#announced = true
    void this.#end(signal, left)
  }

  async #end(signal: string, left: number | null): Promise<void> {
    const { parts, metrics, interrupt } = this.#options
    const when = left === null ? 'soon' : `in ${formatDuration(Math.round(left))}`
    parts.recorder.note('info', `${signal} announced that the job ends ${when}: attempts were ended first`)
    void this.#options.store.ends()
    interrupt()
    await endAttempts(parts, { reason: `the job ends ${when}` })
    await metrics.measure()
    await keepSummary(this.#options)
  }
}
