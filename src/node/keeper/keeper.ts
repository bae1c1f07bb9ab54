import type { ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'
import type { AttemptId } from '../../core/model.ts'
import { readProcessStat, TICKS_PER_SECOND } from '../../os/proc.ts'
import type { SystemCalls } from '../../os/system-calls.ts'
import type { AttemptSpec } from '../agent.ts'
import { type ChildEnd, lastWords, onChildEnd } from './child-end.ts'
import { launchRunner } from './launch-runner.ts'
import { Leftovers } from './leftovers.ts'
import { MARK, processesMarked } from './marked.ts'
import type { FromKeeper, FromRunner, RunnerId, RunnerStart, ToKeeper, ToRunner } from './messages.ts'
import { sendSignal, sendToTree } from './signals.ts'

export interface KeeperOptions {
  readonly native: SystemCalls | null
  readonly environment: NodeJS.ProcessEnv
  /** Tells the supervisor. */
  readonly tell: (message: FromKeeper) => void
}

interface KeptRunner {
  readonly id: RunnerId
  readonly child: ChildProcess
  readonly mark: string
  /** The scratch folders of its attempts, which have to go if the runner can't remove them any more. */
  readonly scratch: Map<AttemptId, string>
}

/**
 * Starts runners, relays between them and the supervisor, and sees to it that nothing which a runner has started
 * outlives the runner, and nothing at all the supervisor.
 *
 * Invariant: a child of this process that is not a runner of `#runners` is an orphan that a runner left, and is killed.
 */
export class Keeper {
  readonly #options: KeeperOptions
  readonly #runners = new Map<RunnerId, KeptRunner>()
  readonly #leftovers: Leftovers
  /** Of all runners that have ended, and their descendants. */
  #endedCpuSeconds = 0
  #closing = false

  constructor(options: KeeperOptions) {
    this.#options = options
    this.#leftovers = new Leftovers(options.native)
  }

  receive(message: ToKeeper): void {
    if (message.type === 'start-runner') this.#start(message.runner, message.start)
    else if (message.type === 'to-runner') this.#pass(message)
    else this.#kill(this.#runners.get(message.runner))
  }

  /** A light look from time to time: normally there is nothing. */
  check(): void {
    if (!this.#closing && this.#options.native !== null) this.#leftovers.look(this.#runnerPids())
  }

  /** Kills again and again until nothing is left, because whatever is alive may fork meanwhile. */
  async endEverything(): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    const runners = [...this.#runners.values()]
    for (const runner of runners) this.#kill(runner)
    await this.#leftovers.end(() => NONE, LONGEST_CLOSE_MS)
    this.#endEscaped(`${this.#options.environment[MARK]}`)
    for (const { scratch } of runners) removeFolders(scratch)
  }

  #start(id: RunnerId, start: RunnerStart): void {
    const mark = `${this.#options.environment[MARK]}.${id}.`
    try {
      const environment = { ...this.#options.environment, [MARK]: mark }
      const child = launchRunner({ start, native: this.#options.native, environment })
      this.#keep({ id, child, mark, scratch: new Map() })
    } catch (error) {
      this.#tellEnd(id, notStarted(String(error)))
    }
  }

  #keep(runner: KeptRunner): void {
    const { id, child } = runner
    this.#runners.set(id, runner)
    if (child.pid !== undefined) this.#options.tell({ type: 'runner-started', runner: id, pid: child.pid })
    child.on('message', message => this.#relay(runner, message as FromRunner))
    onChildEnd(child, end => void this.#afterEnd(runner, end))
  }

  #relay(runner: KeptRunner, message: FromRunner): void {
    if (message.type === 'ended') for (const { attempt } of message.ends) runner.scratch.delete(attempt)
    if (!this.#closing) this.#options.tell({ type: 'from-runner', runner: runner.id, message })
  }

  #pass({ runner: id, message }: ToKeeper & { type: 'to-runner' }): void {
    const runner = this.#runners.get(id)
    if (runner === undefined) return
    for (const { attempt, scratch } of specsIn(message)) runner.scratch.set(attempt, scratch)
    // If it has ended meanwhile, that is told of its own.
    if (runner.child.connected) runner.child.send(message, () => {})
  }

  #kill(runner: KeptRunner | undefined): void {
    const pid = runner?.child.pid
    if (pid === undefined) return
    sendToTree('SIGKILL', pid)
    this.#leftovers.freeToDie(pid)
  }

  async #afterEnd(runner: KeptRunner, end: ChildEnd): Promise<void> {
    this.#runners.delete(runner.id)
    if (this.#closing) return
    await lastWords(runner.child)
    await this.#leftovers.end(() => this.#runnerPids(), LONGEST_CLEARING_MS)
    this.#endEscaped(runner.mark)
    removeFolders(runner.scratch)
    this.#tellEnd(runner.id, howItEnded(end))
  }

  /** Without native calls orphans come to init, not to this process. */
  #endEscaped(mark: string): void {
    if (this.#options.native === null) for (const pid of processesMarked(mark)) sendSignal('SIGKILL', pid)
  }

  #tellEnd(runner: RunnerId, how: string): void {
    if (!this.#closing)
      this.#options.tell({ type: 'runner-ended', runner, how, cpuSeconds: this.#cpuSecondsOfEnded() })
  }

  /** What was added since the last one: right unless several end in the same moment, then the first one gets all. */
  #cpuSecondsOfEnded(): number {
    const before = this.#endedCpuSeconds
    const stat = readProcessStat(process.pid)
    if (stat !== null)
      this.#endedCpuSeconds = (stat.childUserTicks + stat.childSystemTicks) / TICKS_PER_SECOND
    return this.#endedCpuSeconds - before
  }

  #runnerPids(): ReadonlySet<number> {
    return new Set([...this.#runners.values()].map(({ child }) => child.pid ?? 0))
  }
}

const NONE: ReadonlySet<number> = new Set()
/** A process that can't be killed (it waits for a dead file server) must not hold up the report of an attempt. */
const LONGEST_CLEARING_MS = 2_000
const LONGEST_CLOSE_MS = 60_000

function howItEnded({ code, signal, error }: ChildEnd): string {
  if (error !== null) return notStarted(error)
  return signal === null ? `the runner exited with code ${code}` : `killed by ${signal}`
}

function notStarted(error: string): string {
  return `the runner could not be started: ${error}`
}

function specsIn(message: ToRunner): readonly AttemptSpec[] {
  if (message.type === 'attempt') return [message.spec]
  return message.type === 'follow' ? message.specs : []
}

function removeFolders(folders: ReadonlyMap<AttemptId, string>): void {
  for (const folder of folders.values()) {
    try {
      rmSync(folder, { recursive: true, force: true })
    } catch {
      // It stays; the end of the attempt is what matters.
    }
  }
}
