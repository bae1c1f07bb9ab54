import { type ChildProcess, fork } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { entryPoint } from '../../entry-points.ts'
import { yieldAsSession } from '../../os/autogroup.ts'
import { systemCalls } from '../../os/system-calls.ts'
import { type ChildEnd, lastWords, onChildEnd } from './child-end.ts'
import { MARK, newMark, processesMarked } from './marked.ts'
import type { FromKeeper, ToKeeper } from './messages.ts'
import { sendSignal } from './signals.ts'

export interface KeeperProcessOptions {
  readonly environment: NodeJS.ProcessEnv
  readonly ownSession: boolean
  readonly onMessage: (message: FromKeeper) => void
  /** It is gone, or could not be started; after its last message. Clean: it has left nothing over. */
  readonly onEnd: (end: KeeperEnd) => void
}

export interface KeeperEnd {
  readonly isClean: boolean
  /** As a user should read it. */
  readonly why: string
}

/** The supervisor's end of the channel to its keeper. */
export class KeeperProcess {
  readonly #mark = newMark()
  readonly #child: ChildProcess | null

  constructor(options: KeeperProcessOptions) {
    const environment = { ...options.environment, [MARK]: this.#mark }
    this.#child = launch({ environment, ownSession: options.ownSession }, why =>
      setImmediate(() => options.onEnd({ isClean: true, why: notStarted(why) })),
    )
    if (this.#child === null) return
    this.#listen(this.#child, options)
    runWhenIdle(this.#child, options.ownSession)
    // Neither the keeper nor its channel is a reason to stay.
    this.#child.unref()
    this.#child.channel?.unref()
  }

  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  send(message: ToKeeper): void {
    // When it has died meanwhile, its end is told of its own.
    if (this.#child?.connected) this.#child.send(message, () => {})
  }

  /** The end of the channel is what makes the keeper end everything, and then itself. */
  close(): void {
    this.#child?.ref()
    if (this.#child?.connected) this.#child.disconnect()
  }

  kill(): void {
    if (this.pid !== null) sendSignal('SIGKILL', this.pid)
  }

  /** Ends what a keeper that was killed has left over: the kernel ends its runners, but not what they have started. */
  async endLeftovers(): Promise<void> {
    const deadline = performance.now() + LONGEST_CLEARING_MS
    while (performance.now() < deadline) {
      const left = processesMarked(this.#mark)
      if (left.length === 0) return
      for (const pid of left) sendSignal('SIGKILL', pid)
      await sleep(PAUSE_MS)
    }
  }

  #listen(child: ChildProcess, { onMessage, onEnd }: KeeperProcessOptions): void {
    child.on('message', message => onMessage(message as FromKeeper))
    onChildEnd(child, end => void lastWords(child).then(() => onEnd(keeperEnd(end))))
  }
}

/** What it relays is for attempts only: beside an application that needs all cores there is nothing to relay. */
function runWhenIdle({ pid }: ChildProcess, ownSession: boolean): void {
  if (pid === undefined) return
  systemCalls()?.runWhenIdle(pid)
  if (ownSession) yieldAsSession(pid)
}

function keeperEnd({ code, signal, error }: ChildEnd): KeeperEnd {
  if (error !== null) return { isClean: true, why: notStarted(error) }
  const how = signal === null ? `exited with code ${code}` : `was killed by ${signal}`
  return { isClean: code === 0, why: `odop's keeper ${how}` }
}

function notStarted(error: string): string {
  return `odop's keeper could not be started: ${error}`
}

const LONGEST_CLEARING_MS = 2_000
const PAUSE_MS = 10

/**
 * Its standard streams are nobody's: one held open would keep a reader of the application's output waiting. Without
 * native calls a session of its own is what keeps it out of a terminal's reach.
 */
function launch(
  { environment, ownSession }: Pick<KeeperProcessOptions, 'environment' | 'ownSession'>,
  onError: (text: string) => void,
): ChildProcess | null {
  // Options that the user has for his own programs, an inspector's port among them, are for the runners only.
  const { NODE_OPTIONS: _, ...env } = environment
  // What a keeper that is killed leaves behind must stay below this process.
  systemCalls()?.becomeSubreaper()
  try {
    return fork(entryPoint('keeper'), [], {
      cwd: '/',
      env,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      detached: ownSession || systemCalls() === null,
    })
  } catch (error) {
    onError(String(error))
    return null
  }
}
