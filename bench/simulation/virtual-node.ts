import { FrameWriter } from '../../src/cluster/frames.ts'
import { type SentLook, sentLook } from '../../src/cluster/look.ts'
import { type FromAgent, PROTOCOL, type ToAgent } from '../../src/cluster/messages.ts'
import { NO_INTERFERENCE } from '../../src/core/interference.ts'
import type { AttemptId, CoreId, CoreState, NodeFacts, NodeSnapshot } from '../../src/core/model.ts'
import type { NodeMeasurement } from '../../src/node/agent.ts'
import { version } from '../../src/version.ts'

const CORES = 128
/** Two hardware threads each. */
const PHYSICAL_CORES = CORES / 2
/** So many of them the application leaves to tasks on each node, … */
const FREE_PHYSICAL_CORES = 4
/** … of which it takes one, and leaves another, every so often. */
const SHIFT_SECONDS = 300
/** After so long nothing more can be told of cores that stay as they are. */
const SETTLED_SECONDS = 12
/** Attempts take from one hour to three. */
const SHORTEST_SECONDS = 3600
const SPREAD_SECONDS = 7200

const GB = 1024 ** 3

export function nameOf(number: number): string {
  return `node${String(number).padStart(4, '0')}`
}

/** What an agent on a node sends, without the node: looks, reports and answers, as bytes of the channel. */
export class VirtualNode {
  readonly name: string
  readonly #writer: FrameWriter
  readonly #number: number
  readonly #running = new Map<AttemptId, { readonly endsAt: number; readonly startedAt: number }>()
  /** For shares of cores that differ from look to look, the same in every play. */
  #random: number
  #begunAt = 0
  #sent: SentLook | null = null
  /** In seconds of the node. */
  #sentUntil = 0
  attempts = 0

  constructor(number: number) {
    this.name = nameOf(number)
    this.#number = number
    this.#random = number + 1
    this.#writer = new FrameWriter(this.name)
  }

  hello(): string {
    return this.#frames({ type: 'hello', protocol: PROTOCOL, version: version(), pid: 1000 + this.#number })
  }

  /** @returns what it answers */
  receive(message: ToAgent, now: number): string {
    switch (message.type) {
      case 'begin':
        this.#begunAt = now
        return this.#frames({ type: 'joined', facts: factsOf(this.name), cause: 'begun' })
      case 'start': {
        this.attempts += 1
        const seconds = SHORTEST_SECONDS + this.#next() * SPREAD_SECONDS
        this.#running.set(message.spec.attempt, { startedAt: now, endsAt: now + seconds * 1000 })
        return ''
      }
      case 'terminate':
        return this.#end(message.attempt, now, 'SIGTERM')
      case 'measure':
        return this.#frames({ type: 'measured', id: message.id, measurement: this.#measurement(now) })
      default:
        return ''
    }
  }

  /** Ends of attempts that are due. */
  due(now: number): string {
    let frames = ''
    for (const [attempt, { endsAt }] of this.#running)
      if (endsAt <= now) frames += this.#end(attempt, now, null)
    return frames
  }

  look(now: number): string {
    const look = {
      ...this.#coresAt(now),
      availableMemoryBytes: 400 * GB + Math.floor(this.#next() * GB),
      attempts: [...this.#running].map(
        ([attempt, { startedAt }]) =>
          [attempt, (now - startedAt) / 1000, GB + Math.floor(this.#next() * 1e6)] as const,
      ),
      ioPressure: this.#next() / 100,
    }
    return this.#frames({ type: 'look', look })
  }

  /** Made anew only when it would be another one: the nodes are to cost little beside the supervisor. */
  #coresAt(now: number): SentLook {
    const seconds = (now - this.#begunAt) / 1000 + this.#number
    const isNew = seconds % SHIFT_SECONDS < SETTLED_SECONDS || seconds >= this.#sentUntil
    if (this.#sent !== null && !isNew) return this.#sent
    const cores = ALL_CORES.map(core => this.#core(core, seconds))
    const snapshot: NodeSnapshot = {
      node: this.name,
      cores,
      availableMemoryBytes: 0,
      attempts: [],
      slowdown: null,
    }
    this.#sent = sentLook(snapshot, ALL_CORES)
    this.#sentUntil = (Math.floor(seconds / SHIFT_SECONDS) + 1) * SHIFT_SECONDS
    return this.#sent
  }

  #core(core: CoreId, seconds: number): CoreState {
    const shifts = Math.floor(seconds / SHIFT_SECONDS)
    const place = (core - (shifts % PHYSICAL_CORES) + CORES) % PHYSICAL_CORES
    if (place < FREE_PHYSICAL_CORES)
      return { core, foreignShare: this.#next() / 100, judged: 'idle', busySeconds: 0 }
    const busySeconds = (PHYSICAL_CORES - 1 - place) * SHIFT_SECONDS + (seconds % SHIFT_SECONDS)
    return { core, foreignShare: (97 + 3 * this.#next()) / 100, judged: 'busy', busySeconds }
  }

  #end(attempt: AttemptId, at: number, failure: string | null): string {
    const running = this.#running.get(attempt)
    if (running === undefined) return ''
    this.#running.delete(attempt)
    const seconds = (at - running.startedAt) / 1000
    const usage = { wallSeconds: seconds, cpuSeconds: seconds, peakMemoryBytes: GB }
    return this.#frames({
      type: 'report',
      report: { type: 'ended', attempt, at, failure, usage, next: null, fault: 'attempt' },
    })
  }

  #measurement(at: number): NodeMeasurement {
    const seconds = (at - this.#begunAt) / 1000
    const share = (part: number) => part * CORES * seconds
    return {
      at,
      usage: {
        node: this.name,
        coreSeconds: {
          total: share(1),
          app: share(0.93),
          tasks: share(0.061),
          odop: share(0.001),
          idle: share(0.008),
        },
        memoryBytes: { limit: 512 * GB, appPeak: 100 * GB, tasksPeak: 6 * GB, odopPeak: GB / 8 },
        appRunDelaySeconds: seconds / 1000,
        interference: NO_INTERFERENCE,
      },
      busySeconds: Array.from({ length: CORES }, () => seconds * this.#next()),
      memoryBytes: { app: 100 * GB, tasks: 6 * GB, odop: GB / 8 },
      gpuMemoryBytes: [],
      outsideSeconds: 0,
    }
  }

  #frames(message: FromAgent): string {
    return this.#writer.frames(message)
  }

  /** From 0 to 1. A multiplicative generator (Lehmer's): what it costs is not measured, but waited for. */
  #next(): number {
    this.#random = (this.#random * 48_271) % 2_147_483_647
    return this.#random / 2_147_483_647
  }
}

const ALL_CORES = Array.from({ length: CORES }, (_, core) => core)

/** Two sockets, two hardware threads a core. */
function factsOf(name: string): NodeFacts {
  return {
    name,
    cores: ALL_CORES,
    usableCores: ALL_CORES,
    topology: ALL_CORES.map(core => {
      const first = core % PHYSICAL_CORES
      const socket = Math.floor((first * 2) / PHYSICAL_CORES)
      return { core, siblings: [first, first + PHYSICAL_CORES], socket, numaNode: socket }
    }),
    memoryLimitBytes: 512 * GB,
    yieldMode: 'kernel',
  }
}
