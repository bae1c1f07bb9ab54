import type { CoreId } from '../../core/model.ts'
import { systemCalls } from '../../os/system-calls.ts'
import type { AttemptSpec } from '../agent.ts'
import { type KeeperEnd, KeeperProcess } from './keeper-process.ts'
import type { FromKeeper, FromRunner, RunnerId, RunnerNeeds, ToRunner } from './messages.ts'
import type { RunningAttempt } from './running-attempt.ts'
import { sendToTree } from './signals.ts'

/** A runner as the supervisor knows it. */
export interface Runner {
  readonly id: RunnerId
  /** null: not known yet. */
  pid: number | null
  /** false: it does not lead its process group yet. */
  isReady: boolean
  attempt: RunningAttempt | null
  /** What it will begin afterwards, and how many messages with such have been sent. */
  followers: RunningAttempt[]
  /** Where these run. */
  cores: readonly CoreId[]
  handed: number
  /** Of its last attempt, so it has that loaded. */
  module: string | null
  /** All that it had used at the end of its last attempt. */
  cpuSeconds: number
  /** `performance.now()` at its last attempt's end. */
  idleSince: number
  /** It gets no other attempt. */
  isEnding: boolean
  /** The same, but its present attempt may end in peace. */
  servesLast: boolean
}

export interface RunnerPoolOptions {
  readonly warmRunners: number
  readonly ownSessions: boolean
  readonly environment: NodeJS.ProcessEnv
  readonly onStarted: (runner: Runner) => void
  readonly onMessage: (runner: Runner, message: FromRunner) => void
  /** It is gone with all that it had started. CPU seconds are those since the runner's start. */
  readonly onEnded: (runner: Runner, how: string, cpuSeconds: number) => void
  readonly onFailure: (text: string) => void
}

/** The kept runners of this node, behind a keeper that is started when there is none. */
export class RunnerPool {
  readonly #options: RunnerPoolOptions
  readonly #runners = new Map<RunnerId, Runner>()
  readonly #shrinking: NodeJS.Timeout
  #keeper: KeeperProcess | null = null
  #lastRunner: RunnerId = 0
  #ownSessions: boolean
  #needs: RunnerNeeds | null = null
  #closing: Promise<void> | null = null
  #afterKeeperEnd: (() => void) | null = null

  constructor(options: RunnerPoolOptions) {
    this.#options = options
    this.#ownSessions = options.ownSessions
    this.#shrinking = setInterval(() => this.#shrink(), LONGEST_IDLE_MS / 3).unref()
    if (options.warmRunners > 0) this.#openKeeper()
  }

  get keeperPid(): number | null {
    return this.#keeper?.pid ?? null
  }

  get runners(): Iterable<Runner> {
    return this.#runners.values()
  }

  /** A runner for this attempt: an idle one, best of all one that has its module loaded, or a new one. */
  runnerFor(spec: AttemptSpec): Runner {
    const idle = this.#idle()
    const known = idle.find(runner => runner.module === spec.task.module)
    const runner = known ?? idle[0] ?? this.#startRunner(spec.logFile, spec.cores)
    runner.module = spec.task.module
    return runner
  }

  preload(needs: RunnerNeeds): void {
    this.#needs = needs
    for (const runner of this.#idle()) if (runner.isReady) this.send(runner, { type: 'preload', needs })
  }

  send(runner: Runner, message: ToRunner): void {
    this.#keeper?.send({ type: 'to-runner', runner: runner.id, message })
  }

  /** Runners that are started from now on lead sessions of their own; those that are idle make way for such ones. */
  leaveSession(): void {
    this.#ownSessions = true
    for (const runner of this.#runners.values()) {
      if (runner.attempt === null) this.end(runner)
      else runner.servesLast = true
    }
  }

  /** SIGKILL to it and to all that it has started. */
  end(runner: Runner): void {
    runner.isEnding = true
    this.#keeper?.send({ type: 'end-runner', runner: runner.id })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close(this.#keeper)
    return this.#closing
  }

  async #close(keeper: KeeperProcess | null): Promise<void> {
    clearInterval(this.#shrinking)
    if (keeper === null) return
    const isBusy = [...this.#runners.values()].some(({ attempt }) => attempt !== null)
    // It may get no core to end by itself: the job's end does not wait for that when there is nothing to end but itself.
    const tooLong = setTimeout(() => keeper.kill(), isBusy ? LONGEST_CLOSE_MS : LONGEST_IDLE_CLOSE_MS)
    await new Promise<void>(resolve => {
      this.#afterKeeperEnd = resolve
      keeper.close()
    })
    clearTimeout(tooLong)
  }

  #idle(): Runner[] {
    if (this.#runners.size === 0 || !keepsRunners()) return []
    return [...this.#runners.values()].filter(({ attempt, isEnding }) => attempt === null && !isEnding)
  }

  #startRunner(logFile: string | null, cores: readonly CoreId[]): Runner {
    const keeper = this.#openKeeper()
    this.#lastRunner += 1
    const id = this.#lastRunner
    const nothingYet = { pid: null, isReady: false, attempt: null, module: null, cpuSeconds: 0 }
    const runner: Runner = {
      id,
      ...nothingYet,
      followers: [],
      cores: [],
      handed: 0,
      idleSince: performance.now(),
      isEnding: false,
      servesLast: false,
    }
    this.#runners.set(id, runner)
    keeper.send({
      type: 'start-runner',
      runner: id,
      start: { logFile, cores, ownSession: this.#ownSessions },
    })
    return runner
  }

  #openKeeper(): KeeperProcess {
    if (this.#keeper !== null) return this.#keeper
    const keeper: KeeperProcess = new KeeperProcess({
      environment: this.#options.environment,
      ownSession: this.#ownSessions,
      onMessage: message => this.#receive(message),
      onEnd: end => void this.#afterKeeper(keeper, end),
    })
    this.#keeper = keeper
    this.#warmUp()
    return keeper
  }

  #warmUp(): void {
    if (this.#closing !== null || !keepsRunners()) return
    const alive = [...this.#runners.values()].filter(runner => !runner.isEnding)
    // One after the other: where one core is idle, two would take twice as long for the first.
    const oneStarts = alive.some(({ isReady }) => !isReady)
    if (!oneStarts && alive.length < this.#options.warmRunners) this.#startRunner(null, [])
  }

  /** Runners that a burst of work has left: each takes some 50 MB that the application may want. */
  #shrink(): void {
    const now = performance.now()
    const idle = this.#idle().filter(runner => now - runner.idleSince > LONGEST_IDLE_MS)
    const spare = Math.max(0, this.#runners.size - this.#options.warmRunners)
    for (const runner of idle.slice(0, spare)) this.end(runner)
  }

  #receive(message: FromKeeper): void {
    const runner = this.#runners.get(message.runner)
    if (runner === undefined) return
    if (message.type === 'runner-started') {
      runner.pid = message.pid
      this.#options.onStarted(runner)
    } else if (message.type === 'from-runner') {
      if (message.message.type === 'ready') this.#afterReady(runner)
      this.#options.onMessage(runner, message.message)
    } else {
      this.#afterRunner(runner, message.how, message.cpuSeconds)
    }
  }

  #afterReady(runner: Runner): void {
    runner.isReady = true
    if (this.#needs !== null && runner.attempt === null)
      this.send(runner, { type: 'preload', needs: this.#needs })
    this.#warmUp()
  }

  #afterRunner(runner: Runner, how: string, cpuSeconds: number): void {
    this.#runners.delete(runner.id)
    // One that ends before it is ready, or without an attempt (by what it has loaded), would only do so again.
    if (runner.isReady && (runner.attempt !== null || runner.isEnding)) this.#warmUp()
    else if (runner.attempt === null && !runner.isEnding) this.#options.onFailure(how)
    this.#options.onEnded(runner, how, cpuSeconds)
  }

  async #afterKeeper(keeper: KeeperProcess, { isClean, why }: KeeperEnd): Promise<void> {
    const orphans = [...this.#runners.values()]
    this.#runners.clear()
    this.#keeper = null
    if (!isClean) {
      for (const { pid } of orphans) if (pid !== null) sendToTree('SIGKILL', pid)
      await keeper.endLeftovers()
    }
    for (const runner of orphans) this.#options.onEnded(runner, why, 0)
    if (this.#closing === null) this.#options.onFailure(why)
    this.#afterKeeperEnd?.()
  }
}

const LONGEST_IDLE_MS = 30_000
const LONGEST_CLOSE_MS = 5_000
const LONGEST_IDLE_CLOSE_MS = 500

/** Without native calls a runner can't be pointed at another log: each attempt gets one of its own. */
function keepsRunners(): boolean {
  return systemCalls() !== null
}
