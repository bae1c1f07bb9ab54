import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import os from 'node:os'
import type { ApiProcessOptions, FromApi, ToApi } from '../api/messages.ts'
import type { Configuration } from '../config.ts'
import { entryPoint } from '../entry-points.ts'
import type { Recorder } from './recorder.ts'
import type { RunStore } from './run-store.ts'
import { within } from './within.ts'

/**
 * The supervisor's part of the HTTP interface: a process of its own answers, made when somebody asks first, so that
 * nothing that is asked holds up decisions or signals. All that happens here is that a connection is handed over.
 */
export interface Api {
  /** A connection on the run's socket on which somebody speaks HTTP, and what has been read of it. */
  readonly take: (connection: Socket, head: Buffer) => void
  close(): Promise<void>
}

export interface ApiOptions {
  readonly recorder: Recorder
  readonly store: RunStore
  readonly configuration: Pick<Configuration, 'api' | 'odopPath'>
  /** Its cost is odop's. */
  readonly onStarted: (pid: number) => void
}

/** Above that of the application, so that an answer costs it little; attempts are lower. */
const NICE = 10
/** Without a port, so long after the last connection the process is ended: its memory is the application's. */
const IDLE_MILLISECONDS = 10 * 60_000
/** With a port it is there for the whole launch: one that has died is started again after so long. */
const AGAIN_MILLISECONDS = 10_000
const CLOSE_MILLISECONDS = 1_000

/** Nothing is started for a run that keeps nothing: there is no journal to answer from. */
export function openApi({ recorder, store, configuration, onStarted }: ApiOptions): Api {
  let child: ChildProcess | null = null
  let tcp: ApiProcessOptions['tcp'] = null
  let closed = false
  let timer: NodeJS.Timeout | undefined

  const start = (): ChildProcess | null => {
    const started = launch()
    if (started?.pid === undefined) return null
    onStarted(started.pid)
    started.on('message', message => tell(message as FromApi))
    started.once('exit', () => ended(started))
    child = started
    send({ type: 'begin', options: { run: store.name, odopPath: configuration.odopPath, tcp } })
    return started
  }

  const send = (message: ToApi, connection?: Socket) => {
    // When it has died meanwhile, its end is told of its own.
    if (child?.connected) child.send(message, connection, {}, () => {})
    else connection?.destroy()
  }

  const ended = (which: ChildProcess) => {
    if (child === which) child = null
    if (closed || tcp === null) return
    recorder.note('warning', 'what answers HTTP for this run has ended unexpectedly, and is started again')
    later(AGAIN_MILLISECONDS, start)
  }

  const tell = (message: FromApi) => {
    if (message.type === 'failed') {
      recorder.note('warning', `the run can't be asked by HTTP on a port: ${message.reason}`)
      tcp = null
      return
    }
    const { host, port } = message.address
    const shown = host.includes(':') ? `[${host}]` : host
    recorder.note(
      'info',
      `HTTP on http://${shown}:${port} for who shows the token in ${store.paths.apiToken}`,
    )
  }

  const later = (milliseconds: number, work: () => void) => {
    clearTimeout(timer)
    timer = setTimeout(() => closed || work(), milliseconds)
    timer.unref()
  }

  const listen = async () => {
    const { api: address } = configuration
    if (address === null || !store.kept) return
    try {
      const token = await newToken(store.paths.apiToken)
      if (closed) return
      tcp = { address, token }
      start()
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      recorder.note('warning', `the run can't be asked by HTTP on a port: ${reason}`)
    }
  }
  const listening = listen()

  const hand = (connection: Socket, head: Buffer) => {
    if (closed || (child === null && start() === null)) {
      connection.destroy()
      return
    }
    send({ type: 'connection', head: head.toString('latin1') }, connection)
    if (tcp === null) later(IDLE_MILLISECONDS, () => child?.disconnect())
  }

  return {
    take(connection, head) {
      void listening.then(() => hand(connection, head))
    },
    async close() {
      closed = true
      clearTimeout(timer)
      await within(CLOSE_MILLISECONDS, listening)
      await endOf(child)
      if (configuration.api !== null) await rm(store.paths.apiToken, { force: true }).catch(() => {})
    },
  }
}

/** Its standard streams are nobody's: one held open would keep a reader of the application's output waiting. */
function launch(): ChildProcess | null {
  // Options that the user has for his own programs, an inspector's port among them, are not for it.
  const { NODE_OPTIONS: _, ...env } = process.env
  try {
    const stdio = ['ignore', 'ignore', 'ignore', 'ipc'] as const
    const child = fork(entryPoint('api'), [], { cwd: '/', env, execArgv: [], stdio: [...stdio] })
    child.on('error', () => {})
    if (child.pid !== undefined) lowerPriority(child.pid)
    // Neither it nor its channel is a reason to stay.
    child.unref()
    child.channel?.unref()
    return child
  } catch {
    return null
  }
}

function lowerPriority(pid: number): void {
  try {
    os.setPriority(pid, Math.min(19, os.getPriority() + NICE))
  } catch {
    // It has ended already.
  }
}

/** For its owner's eyes only, from the first byte on. */
async function newToken(file: string): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  await rm(file, { force: true })
  await writeFile(file, token, { mode: 0o600, flag: 'wx' })
  return token
}

/** The end of the channel is what makes it end. */
async function endOf(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise(resolve => child.once('exit', resolve))
  if (child.connected) child.disconnect()
  if (!(await within(CLOSE_MILLISECONDS, gone))) child.kill('SIGKILL')
}
