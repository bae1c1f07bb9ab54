import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mock } from 'node:test'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { nameOf } from './virtual-node.ts'
import type { Answer, Question } from './virtual-nodes.ts'
import { VirtualRun } from './virtual-run.ts'

/** What one simulation has shown; printed as JSON. */
export interface Play {
  /** CPU seconds of each second that was played in full, by messages from agents and by all else, and its decisions. */
  readonly seconds: readonly {
    readonly messages: number
    readonly decisions: number
    readonly count: number
  }[]
  /** Bytes of the channel in such a second. What goes down goes to every node. */
  readonly bytesUp: number
  readonly bytesDown: number
  /** CPU seconds until all nodes had begun. */
  readonly startSeconds: number
  readonly attempts: number
  readonly running: number
  readonly heapBytes: number
  /** The kernel's, of the supervisor's process. */
  readonly peakRssBytes: number
}

const T0 = Date.UTC(2026, 0, 1)
const HOUR = 3_600_000
/** Agents do not speak all at once: in each slice of a second a part of them does. */
const SLICES = 50
/** In between, all that ends and starts is played, and agents do not look. */
const JUMP_MILLISECONDS = 300_000
/** Of a jump: what has ended is replaced in fewer. */
const MOST_TURNS = 20

/** `play.ts NODES HOURS SECONDS`: so many virtual hours, of each of which so many seconds are played in full. */
const [nodeCount = 0, hours = 0, secondsOfAnHour = 0] = process.argv.slice(2).map(Number)
const nodes = fork(fileURLToPath(new URL('./virtual-nodes.ts', import.meta.url)), [String(nodeCount)], {
  serialization: 'advanced',
})
const [hello] = (await once(nodes, 'message')) as [Answer]
let unread: Uint8Array[] = [hello.bytes]
let attempts = 0
mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] })
let now = T0
let bytesUp = 0
const run = new VirtualRun(
  Array.from({ length: nodeCount }, (_, number) => nameOf(number)),
  T0,
)
const played: Play['seconds'][number][] = []
/** Bytes in the seconds that are played in full. */
const channel = { up: 0, down: 0 }

const startSeconds = await begin()
await second()
for (let hour = 0; hour < hours; hour++) {
  // What the jump has left is worked off first.
  await second()
  await second()
  const before = { up: bytesUp, down: run.sentBytes }
  for (let count = 0; count < secondsOfAnHour; count++) played.push(await second())
  channel.up += bytesUp - before.up
  channel.down += run.sentBytes - before.down
  const until = T0 + (hour + 1) * HOUR
  while (now < until) await jump(Math.min(JUMP_MILLISECONDS, until - now))
}
process.stdout.write(JSON.stringify(result()), () => process.exit(0))

async function begin(): Promise<number> {
  let used = 0
  while (run.recorder.state.nodes.size < nodeCount) {
    used += (await turn(0)).messages
    await ask({ from: 0, to: 0, look: false })
  }
  return used
}

/** One look of each node, and all that follows from it. */
async function second(): Promise<Play['seconds'][number]> {
  const sum = { messages: 0, decisions: 0, count: run.decisions }
  const begun = now
  for (let slice = 0; slice < SLICES; slice++) {
    const [from, to] = [slice, slice + 1].map(at => Math.floor((at * nodeCount) / SLICES))
    await ask({ from: from ?? 0, to: to ?? 0, look: true })
    if (slice === 0 && (now / 1000) % 5 < 1) run.beat()
    const used = await turn(1000 / SLICES)
    sum.messages += used.messages
    sum.decisions += used.decisions
  }
  now = begun + 1000
  return { ...sum, count: run.decisions - sum.count }
}

async function jump(milliseconds: number): Promise<void> {
  now += milliseconds
  await ask({ from: 0, to: nodeCount, look: false })
  for (let turns = 0; turns < MOST_TURNS; turns++) {
    await turn(1000)
    const starts = run.sent.some(({ message }) => message.type === 'start')
    await ask({ from: 0, to: 0, look: false })
    if (!starts) return
  }
}

/** What the nodes have to say, when they have got what was sent to them. */
async function ask(question: Pick<Question, 'from' | 'to' | 'look'>): Promise<void> {
  const { sent } = run
  run.sent = []
  nodes.send({ ...question, now, sent } satisfies Question)
  const [answer] = (await once(nodes, 'message')) as [Answer]
  unread.push(answer.bytes)
  attempts = answer.attempts
}

/** Gives the supervisor what has come, and its timers the time that has passed. */
async function turn(milliseconds: number): Promise<{ messages: number; decisions: number }> {
  const bytes = Buffer.concat(unread)
  unread = []
  bytesUp += bytes.length
  run.setTime(now)
  const atFirst = process.cpuUsage()
  run.read(bytes)
  // Promises of what has come.
  await turnOfTheLoop()
  const messages = cpuSeconds(process.cpuUsage(atFirst))
  now += milliseconds
  run.setTime(now)
  run.fillQueue()
  run.tick(milliseconds)
  await turnOfTheLoop()
  return { messages, decisions: cpuSeconds(process.cpuUsage(atFirst)) - messages }
}

function cpuSeconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1e6
}

function result(): Play {
  const peak = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return {
    seconds: played,
    bytesUp: channel.up / played.length,
    bytesDown: channel.down / played.length,
    startSeconds,
    attempts,
    running: run.recorder.state.running.size,
    heapBytes: process.memoryUsage().heapUsed,
    peakRssBytes: Number(peak) * 1024,
  }
}
