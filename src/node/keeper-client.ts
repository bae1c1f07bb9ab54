import { rm } from 'node:fs'
import type { AttemptId, CoreId } from '../core/model.ts'
import type { AttemptReport, AttemptSpec } from './agent.ts'
import type { AttemptEnd, FromRunner } from './keeper/messages.ts'
import { type Runner, RunnerPool } from './keeper/runner-pool.ts'
import { RunningAttempt } from './keeper/running-attempt.ts'
import { sendToTree } from './keeper/signals.ts'

export interface KeeperOptions {
  /** Runners that are kept ready even when there is nothing to do. Without native calls there are none. */
  readonly warmRunners: number
  /** Environment of the runners, and so of all attempts. */
  readonly environment: NodeJS.ProcessEnv
  readonly onReport: (report: AttemptReport) => void
  /** Something went wrong that is not the end of an attempt alone, as a user should read it. */
  readonly onFailure: (text: string) => void
}

/** Executes attempts on this node, in runners behind a keeper. Nothing here throws or waits, whatever has died. */
export interface KeeperClient {
  start(spec: AttemptSpec): void
  suspend(attempt: AttemptId): void
  resume(attempt: AttemptId): void
  /** Resumes it, aborts its signal, sends SIGTERM to all of it, and after the grace SIGKILL. */
  terminate(attempt: AttemptId, graceSeconds: number): void
  /** The application has left odop's session: attempts from now on run in sessions of their own, see `settle`. */
  leaveSession(): void
  /** odop's processes here; what attempts have started is below their runners. */
  pids(): KeeperPids
  /** Ends all attempts, runners and the keeper, and resolves when nothing is left. */
  close(): Promise<void>
}

export interface KeeperPids {
  /** null: not needed yet, or dead. */
  readonly keeper: number | null
  readonly runners: readonly RunnerPid[]
}

export interface RunnerPid {
  readonly pid: number
  /** null: it waits for one. */
  readonly attempt: AttemptId | null
  /** Of its attempt. */
  readonly cores: readonly CoreId[]
}

export function startKeeper(options: KeeperOptions): KeeperClient {
  return new Client(options)
}

class Client implements KeeperClient {
  readonly #options: KeeperOptions
  readonly #pool: RunnerPool
  readonly #executing = new Map<AttemptId, Runner>()
  #isClosed = false

  constructor(options: KeeperOptions) {
    this.#options = options
    this.#pool = new RunnerPool({
      warmRunners: options.warmRunners,
      environment: options.environment,
      onStarted: stopIfSuspended,
      onMessage: (runner, message) => this.#receive(runner, message),
      onEnded: (runner, how, cpuSeconds) => this.#afterRunner(runner, how, cpuSeconds),
      onFailure: options.onFailure,
    })
  }

  start(spec: AttemptSpec): void {
    const attempt = new RunningAttempt(spec)
    if (this.#isClosed) {
      this.#options.onReport(attempt.reportWithout('odop is ending', 0))
      return
    }
    const runner = this.#pool.runnerFor(spec)
    runner.attempt = attempt
    this.#executing.set(spec.attempt, runner)
    this.#pool.send(runner, { type: 'attempt', spec })
    // Not before this call has returned.
    if (runner.isReady) setImmediate(() => this.#begin(attempt))
  }

  suspend(id: AttemptId): void {
    const runner = this.#executing.get(id)
    runner?.attempt?.suspend()
    if (runner !== undefined) stopIfSuspended(runner)
  }

  resume(id: AttemptId): void {
    const runner = this.#executing.get(id)
    runner?.attempt?.resume()
    if (runner?.pid != null) sendToTree('SIGCONT', runner.pid)
  }

  terminate(id: AttemptId, graceSeconds: number): void {
    const runner = this.#executing.get(id)
    if (runner?.attempt == null || runner.attempt.graceTimer !== null) return
    this.resume(id)
    this.#pool.send(runner, { type: 'abort', attempt: id })
    // Before it is ready it would die of it.
    if (runner.isReady && runner.pid !== null) sendToTree('SIGTERM', runner.pid)
    runner.attempt.graceTimer = setTimeout(() => this.#kill(runner, graceSeconds), graceSeconds * 1000)
  }

  leaveSession(): void {
    this.#pool.leaveSession()
  }

  pids(): KeeperPids {
    const runners = [...this.#pool.runners].flatMap(({ pid, attempt }) =>
      pid === null ? [] : [{ pid, attempt: attempt?.spec.attempt ?? null, cores: attempt?.spec.cores ?? [] }],
    )
    return { keeper: this.#pool.keeperPid, runners }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#pool.close()
  }

  #kill(runner: Runner, graceSeconds: number): void {
    if (runner.attempt !== null) {
      runner.attempt.killedBecause = `did not end within ${graceSeconds} s of SIGTERM and was killed`
    }
    this.#pool.end(runner)
  }

  #receive(runner: Runner, message: FromRunner): void {
    if (message.type === 'ready') this.#afterReady(runner)
    else if (message.attempt === runner.attempt?.spec.attempt)
      this.#afterAttempt(runner, runner.attempt, message)
  }

  #afterReady(runner: Runner): void {
    // It was told to stop before it led its group, and may have started something meanwhile.
    stopIfSuspended(runner)
    if (runner.attempt !== null) this.#begin(runner.attempt)
  }

  #begin(attempt: RunningAttempt): void {
    if (!attempt.hasBegun && this.#executing.has(attempt.spec.attempt))
      this.#options.onReport(attempt.begin())
  }

  #afterAttempt(runner: Runner, attempt: RunningAttempt, end: AttemptEnd): void {
    this.#begin(attempt)
    // It had ended before the stop reached it: the runner must not stay stopped.
    if (attempt.isSuspended) this.resume(end.attempt)
    runner.cpuSeconds = end.runnerCpuSeconds
    if (end.reusable && attempt.graceTimer === null && !runner.servesLast) {
      this.#finish(runner, attempt.reportOf(end))
    } else {
      // Reported when the runner is gone. After SIGTERM to its group, helpers of the runner itself may be dead.
      attempt.end = end
      this.#pool.end(runner)
    }
  }

  #afterRunner(runner: Runner, how: string, cpuSeconds: number): void {
    const { attempt } = runner
    if (attempt === null) return
    const failure = attempt.killedBecause ?? (this.#isClosed ? 'odop is ending' : explained(how))
    removeScratch(attempt.spec.scratch)
    this.#finish(
      runner,
      attempt.end === null
        ? attempt.reportWithout(failure, Math.max(0, cpuSeconds - runner.cpuSeconds))
        : attempt.reportOf(attempt.end),
    )
  }

  #finish(runner: Runner, report: AttemptReport): void {
    clearTimeout(runner.attempt?.graceTimer ?? undefined)
    this.#executing.delete(report.attempt)
    runner.attempt = null
    runner.idleSince = performance.now()
    this.#options.onReport(report)
  }
}

function stopIfSuspended({ pid, attempt }: Runner): void {
  if (pid !== null && attempt?.isSuspended) sendToTree('SIGSTOP', pid)
}

function explained(how: string): string {
  return how === 'killed by SIGKILL' ? `${how}, perhaps by the kernel because memory had ended` : how
}

/** The keeper does it, unless it was the keeper that died. */
function removeScratch(folder: string): void {
  rm(folder, { recursive: true, force: true }, () => {})
}
