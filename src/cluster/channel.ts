import type { Writable } from 'node:stream'
import { FrameReader, FrameWriter } from './frames.ts'
import type { Launcher } from './launcher.ts'
import type { FromAgent, ToAgent } from './messages.ts'
import type { PlannedChannel } from './plan.ts'

export interface ChannelOptions {
  /** What starts agents: its standard streams are the channel. */
  readonly planned: PlannedChannel
  /** It runs already; null: it is still to be started. */
  readonly started: Launcher | null
  readonly onStarted: (pid: number) => void
  readonly onMessage: (node: string, message: FromAgent) => void
  /** It has ended, or nothing that comes through it can be relied on any more; once. */
  readonly onEnd: (why: string) => void
}

/** A launcher such as srun, with the agents that it has started on one node or many. Nothing here waits or throws. */
export interface Channel {
  send(node: string, message: ToAgent): void
  /** The agents end when their end of it closes. */
  close(): void
}

/** What a launcher has printed last says why it has ended. */
const MOST_LINES = 3

export function openChannel(options: ChannelOptions): Channel {
  const writers = new Map<string, FrameWriter>()
  const lines: string[] = []
  let stdin: Writable | null = null
  /** What was sent before the launcher was there. */
  let waiting = ''
  let ended = false

  const end = (why: string) => {
    if (ended) return
    ended = true
    options.onEnd([why, ...lines].join(': '))
    stdin?.end()
  }
  const foreign = (line: string) => {
    lines.push(line)
    if (lines.length > MOST_LINES) lines.shift()
  }
  const reader = new FrameReader({
    accept: () => true,
    onMessage: (node, message) => options.onMessage(node, message as FromAgent),
    onForeign: foreign,
    // What was lost may have been the end of an attempt: nothing of this channel can be waited for any more.
    onProblem: problem => end(`it is not intact (${problem.kind})`),
  })

  launch().catch((error: unknown) => end(error instanceof Error ? error.message : String(error)))

  async function launch(): Promise<void> {
    const child = options.started ?? (await import('./launcher.ts')).startLauncher(options.planned)
    if (child.pid !== undefined) options.onStarted(child.pid)
    child.stdout.on('data', (chunk: Buffer) => reader.read(chunk))
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n')) if (line.trim() !== '') foreign(line.trim())
    })
    stdin = child.stdin
    if (ended) stdin.end()
    else stdin.write(waiting)
    const { exitCode, signal, shortMessage } = await child
    reader.end()
    end(
      signal === undefined
        ? exitCode === undefined
          ? (shortMessage ?? 'failed')
          : `exit code ${exitCode}`
        : signal,
    )
  }

  return {
    send(node, message) {
      if (ended) return
      const writer = writers.get(node) ?? new FrameWriter(node)
      writers.set(node, writer)
      const text = writer.frames(message)
      if (stdin === null) waiting += text
      else stdin.write(text)
    },
    close: () => end('closed'),
  }
}
