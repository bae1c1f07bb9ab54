import type { AttemptReport, AttemptSpec } from '../agent.ts'
import type { AttemptEnd } from './messages.ts'

export type EndReport = Extract<AttemptReport, { type: 'ended' }>

/** An attempt from its start to its report, as the supervisor knows it. */
export class RunningAttempt {
  readonly spec: AttemptSpec
  /** Started when a termination was asked for: at its end the runner is killed. */
  graceTimer: NodeJS.Timeout | null = null
  /** Why odop has killed its runner; null: it has not. */
  killedBecause: string | null = null
  /** What its runner said about its end, if that runner had to be ended before the report. */
  end: AttemptEnd | null = null
  #beganAt: number | null = null
  #suspendedAt: number | null = null
  #suspendedSeconds = 0

  constructor(spec: AttemptSpec) {
    this.spec = spec
  }

  get hasBegun(): boolean {
    return this.#beganAt !== null
  }

  get isSuspended(): boolean {
    return this.#suspendedAt !== null
  }

  /** @param at when, in ms since the epoch */
  begin(at: number): AttemptReport {
    this.#beganAt = performance.now()
    return { type: 'began', attempt: this.spec.attempt, at }
  }

  suspend(): void {
    this.#suspendedAt ??= performance.now()
  }

  resume(): void {
    this.#suspendedSeconds += secondsSince(this.#suspendedAt)
    this.#suspendedAt = null
  }

  /** As its runner tells it. */
  reportOf(end: AttemptEnd): EndReport {
    this.resume()
    const { attempt, at, failure, result, outputs, upToDate, wallSeconds, cpuSeconds, peakMemoryBytes } = end
    const usage = {
      wallSeconds: Math.max(0, wallSeconds - this.#suspendedSeconds),
      cpuSeconds,
      peakMemoryBytes,
    }
    const told = {
      ...(result === undefined ? {} : { result }),
      ...(outputs === undefined ? {} : { outputs }),
      ...(upToDate === undefined ? {} : { upToDate }),
    }
    return { type: 'ended', attempt, at, failure, usage, next: null, fault: 'attempt', ...told }
  }

  /** After the end of its runner, which could not tell of it. */
  reportWithout(failure: string, cpuSeconds: number): EndReport {
    const usage = { wallSeconds: this.#wallSeconds(), cpuSeconds, peakMemoryBytes: 0 }
    const { attempt } = this.spec
    return { type: 'ended', attempt, at: Date.now(), failure, usage, next: null, fault: 'attempt' }
  }

  #wallSeconds(): number {
    this.resume()
    return Math.max(0, secondsSince(this.#beganAt) - this.#suspendedSeconds)
  }
}

function secondsSince(time: number | null): number {
  return time === null ? 0 : (performance.now() - time) / 1000
}
