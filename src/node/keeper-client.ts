import { rm } from 'node:fs'
import type { AttemptId, CoreId, GpuIndex, TaskDefinition } from '../core/model.ts'
import { systemCalls } from '../os/system-calls.ts'
import type { AttemptReport, AttemptSpec } from './agent.ts'
import type { AttemptEnd, FromRunner, RunnerNeeds } from './keeper/messages.ts'
import { pinTree } from './keeper/pin-tree.ts'
import { type Runner, RunnerPool } from './keeper/runner-pool.ts'
import { type EndReport, RunningAttempt } from './keeper/running-attempt.ts'
import { sendToTree } from './keeper/signals.ts'

export interface KeeperOptions {
  /** Runners that are kept ready even when there is nothing to do. Without native calls there are none. */
  readonly warmRunners: number
  /** The application runs in another session than this process: keeper and attempts get such of their own, see `settle`. */
  readonly ownSessions: boolean
  /** Environment of the runners, and so of all attempts. */
  readonly environment: NodeJS.ProcessEnv
  readonly onReport: (report: AttemptReport) => void
  /** Something went wrong that is not the end of an attempt alone, as a user should read it. */
  readonly onFailure: (text: string) => void
}

/** Executes attempts on this node, in runners behind a keeper. Nothing here throws or waits, whatever has died. */
export interface KeeperClient {
  start(spec: AttemptSpec): void
  /** See `Agent.follow`. */
  follow(lead: AttemptId, specs: readonly AttemptSpec[]): boolean
  suspend(attempt: AttemptId): void
  resume(attempt: AttemptId): void
  /** See `Agent.move`. */
  move(attempt: AttemptId, cores: readonly CoreId[]): boolean
  /** Resumes it, aborts its signal, sends SIGTERM to all of it, and after the grace SIGKILL. Without one also in a grace. */
  terminate(attempt: AttemptId, graceSeconds: number): void
  /** The application has left odop's session: attempts from now on run in sessions of their own. */
  leaveSession(): void
  /** Such attempts are to come: runners that wait prepare for them. */
  preload(needs: RunnerNeeds): void
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
  readonly task: TaskDefinition | null
  readonly cores: readonly CoreId[]
  readonly gpus: readonly GpuIndex[]
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
      ownSessions: options.ownSessions,
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
    runner.cores = spec.cores
    this.#executing.set(spec.attempt, runner)
    this.#pool.send(runner, { type: 'attempt', spec })
    // Not before this call has returned.
    if (runner.isReady) setImmediate(() => this.#begin(attempt))
  }

  follow(lead: AttemptId, specs: readonly AttemptSpec[]): boolean {
    const runner = this.#executing.get(lead)
    if (runner?.attempt == null || runner.attempt.graceTimer !== null || !runner.isReady) return false
    if (runner.isEnding || runner.servesLast || this.#isClosed) return false
    for (const spec of specs) runner.followers.push(new RunningAttempt(spec))
    runner.handed += 1
    this.#pool.send(runner, { type: 'follow', specs, handed: runner.handed })
    return true
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

  move(id: AttemptId, cores: readonly CoreId[]): boolean {
    const runner = this.#executing.get(id)
    const native = systemCalls()
    if (runner === undefined || native === null) return false
    runner.cores = cores
    // In this order: what it starts before it has read the message was started by something that is pinned already.
    if (runner.pid !== null) pinTree(native, runner.pid, cores)
    this.#pool.send(runner, { type: 'move', cores })
    return true
  }

  terminate(id: AttemptId, graceSeconds: number): void {
    const runner = this.#executing.get(id)
    if (runner?.attempt == null) return
    const graced = runner.attempt.graceTimer
    if (graced !== null && graceSeconds > 0) return
    clearTimeout(graced ?? undefined)
    this.resume(id)
    this.#pool.send(runner, { type: 'abort', attempt: id })
    // Before it is ready it would die of it.
    if (runner.isReady && runner.pid !== null)
      sendToTree(graceSeconds === 0 ? 'SIGKILL' : 'SIGTERM', runner.pid)
    runner.attempt.graceTimer = setTimeout(() => this.#kill(runner, graceSeconds), graceSeconds * 1000)
  }

  leaveSession(): void {
    this.#pool.leaveSession()
  }

  preload(needs: RunnerNeeds): void {
    this.#pool.preload(needs)
  }

  pids(): KeeperPids {
    const runners = [...this.#pool.runners].flatMap(({ pid, attempt, cores }) =>
      pid === null ? [] : [runnerPid(pid, attempt, cores)],
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
    else this.#afterAttempts(runner, message)
  }

  #afterAttempts(runner: Runner, { ends, handed }: Extract<FromRunner, { type: 'ended' }>): void {
    for (const end of ends) {
      // What was handed over when the runner had just nothing to do any more begins when it arrives there.
      const arrives = end === ends.at(-1) && handed < runner.handed
      if (end.attempt === runner.attempt?.spec.attempt) {
        this.#afterAttempt(runner, runner.attempt, end, end.next !== null || arrives)
      }
    }
  }

  #afterReady(runner: Runner): void {
    // It was told to stop before it led its group, and may have started something meanwhile.
    stopIfSuspended(runner)
    if (runner.attempt !== null) this.#begin(runner.attempt)
  }

  #begin(attempt: RunningAttempt): void {
    if (!attempt.hasBegun && this.#executing.has(attempt.spec.attempt))
      this.#options.onReport(attempt.begin(Date.now()))
  }

  #afterAttempt(runner: Runner, attempt: RunningAttempt, end: AttemptEnd, goesOn: boolean): void {
    this.#begin(attempt)
    // It had ended before the stop reached it: the runner must not stay stopped.
    if (attempt.isSuspended) this.resume(end.attempt)
    runner.cpuSeconds = end.runnerCpuSeconds
    if (end.reusable && attempt.graceTimer === null && !runner.servesLast) {
      this.#finish(runner, attempt.reportOf(end), goesOn)
    } else {
      // Reported when the runner is gone. After SIGTERM to its group, helpers of the runner itself may be dead.
      attempt.end = end
      this.#pool.end(runner)
    }
  }

  #afterRunner(runner: Runner, how: string, cpuSeconds: number): void {
    const { attempt, followers } = runner
    if (attempt === null) return
    const isUnclear =
      followers.length > 0 && attempt.end === null && attempt.graceTimer === null && !this.#isClosed
    const failure = attempt.killedBecause ?? (this.#isClosed ? 'odop is ending' : how)
    for (const { spec } of [attempt, ...followers]) removeScratch(spec.scratch)
    const report =
      attempt.end === null
        ? attempt.reportWithout(failure, Math.max(0, cpuSeconds - runner.cpuSeconds))
        : attempt.reportOf(attempt.end)
    this.#finish(runner, { ...report, fault: isUnclear ? 'unclear' : 'attempt' }, false)
  }

  /** @param goesOn the next of its followers begins in this moment */
  #finish(runner: Runner, report: EndReport, goesOn: boolean): void {
    clearTimeout(runner.attempt?.graceTimer ?? undefined)
    this.#executing.delete(report.attempt)
    const next = goesOn ? (runner.followers.shift() ?? null) : null
    runner.attempt = next
    this.#options.onReport({ ...report, next: next?.spec.attempt ?? null })
    if (next !== null) {
      this.#executing.set(next.spec.attempt, runner)
      this.#options.onReport(next.begin(report.at))
      return
    }
    runner.idleSince = performance.now()
    if (runner.followers.length === 0) return
    runner.followers = []
    this.#options.onReport({ type: 'returned', lead: report.attempt })
  }
}

function runnerPid(pid: number, attempt: RunningAttempt | null, cores: readonly CoreId[]): RunnerPid {
  if (attempt === null) return { pid, attempt: null, task: null, cores: [], gpus: [] }
  const { spec } = attempt
  const gpus = spec.gpus?.map(({ index }) => index) ?? NO_GPU
  return { pid, attempt: spec.attempt, task: spec.task, cores, gpus }
}

const NO_GPU: readonly GpuIndex[] = []

function stopIfSuspended({ pid, attempt }: Runner): void {
  if (pid !== null && attempt?.isSuspended) sendToTree('SIGSTOP', pid)
}

/** The keeper does it, unless it was the keeper that died. */
function removeScratch(folder: string): void {
  rm(folder, { recursive: true, force: true }, () => {})
}
