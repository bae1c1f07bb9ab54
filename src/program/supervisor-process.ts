import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { entryPoint } from '../entry-points.ts'
import { type FromSupervisor, lineReader, type ToSupervisor } from './messages.ts'

/** odop's part beside the calling program: a child process, which watches and works on its own. */
export interface SupervisorProcess {
  send(message: ToSupervisor): void
  /** Whether the program stays for it: only while it waits for an answer. */
  hold(held: boolean): void
  /** Lets go of it: for the supervisor that is the end of the program. */
  release(): void
}

export interface SupervisorHandlers {
  readonly onMessage: (message: FromSupervisor) => void
  /** It is gone, or does not listen any more. */
  readonly onGone: () => void
}

/** Throws where no process can be started. */
export function startSupervisor({ onMessage, onGone }: SupervisorHandlers): SupervisorProcess {
  const child = spawn(process.execPath, [entryPoint('attach')], {
    // Its own standard output would keep that of the program open for who reads it.
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    env: withoutNodeOptions(process.env),
    windowsHide: true,
  })
  const channel = child.stdio[3] as Socket | null | undefined
  const gone = once(() => {
    process.off('exit', onExit)
    channel?.destroy()
    onGone()
  })
  const send = (message: ToSupervisor) => {
    if (channel?.writable) channel.write(`${JSON.stringify(message)}\n`)
  }
  // What is written here is written at once: a write to a pipe that has room does not wait.
  const onExit = (code: number) => send({ type: 'exit', code })
  process.once('exit', onExit)
  child.once('error', gone)
  channel?.setEncoding('utf8')
  channel?.on('data', lineReader(onMessage))
  channel?.on('error', gone)
  channel?.on('close', gone)
  if (!channel) setImmediate(gone)
  return { send, hold: held => hold(held, child, channel), release: gone }
}

function hold(held: boolean, child: ChildProcess, channel: Socket | null | undefined): void {
  // Its end is nothing to wait for: what there is to know comes through the channel.
  child.unref()
  if (held) channel?.ref()
  else channel?.unref()
}

/** What is meant for the program's own Node: a debugger's port, a module that is preloaded, a folder for coverage. */
function withoutNodeOptions(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NODE_OPTIONS, NODE_V8_COVERAGE, NODE_EXTRA_CA_CERTS, ...rest } = environment
  return rest
}

function once(call: () => void): () => void {
  let called = false
  return () => {
    if (called) return
    called = true
    call()
  }
}
