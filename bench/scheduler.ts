import type { OdopEvent } from '../src/core/events.ts'
import type {
  AttemptUsage,
  CoreState,
  ItemId,
  NodeFacts,
  NodeSnapshot,
  Placement,
  Settings,
  Snapshot,
  TaskDefinition,
} from '../src/core/model.ts'
import { schedule } from '../src/core/schedule.ts'
import { apply, newState, type RunState } from '../src/core/state.ts'
import type { Figure } from './measure.ts'
import type { PartResult } from './parts.ts'

export interface SchedulerOptions {
  readonly nodes: number
  readonly coresOfANode: number
  readonly items: number
  readonly calls: number
  /** Default: `priority`. */
  readonly policy?: string
}

const OTHER_POLICIES = ['fifo', 'round_robin', 'best_fit'] as const

const T0 = Date.UTC(2026, 0, 1)
const GB = 1024 ** 3

/** `schedule()` on a large machine, in the states that a run has: at its beginning, in the middle, and while nothing is idle. */
export function schedulerFigures(options: SchedulerOptions): PartResult {
  const { nodes, coresOfANode, items } = options
  const what = `schedule(), ${nodes} nodes × ${coresOfANode} cores, ${items} items queued`
  const plain = (state: string, samples: readonly number[]): Figure => ({
    name: `${what}: ${state}`,
    unit: 'ms',
    samples,
  })
  const figure = (state: string, samples: readonly number[]): Figure => ({
    ...plain(state, samples),
    target: { atMost: 20 },
  })
  const figures = [
    figure('all cores idle', whileFilling(options)),
    figure('attempts on all cores, some end', whileFull(options)),
    figure('the application on all cores', whileBusy(options)),
    ...OTHER_POLICIES.flatMap(policy => [
      plain(`all cores idle, ${policy}`, whileFilling({ ...options, policy })),
      plain(`attempts on all cores, some end, ${policy}`, whileFull({ ...options, policy })),
    ]),
  ]
  return { figures, skipped: [] }
}

/** As many starts a call as `schedule` allows. The queue is kept at its length. */
function whileFilling(options: SchedulerOptions): number[] {
  const world = new World(options)
  return world.calls(() => {
    world.queue(options.items - world.state.pendingCount)
  })
}

/** The usual case: a few attempts end, the same number may start. */
function whileFull(options: SchedulerOptions): number[] {
  const world = new World(options)
  world.fill()
  return world.calls(() => {
    world.end(100)
    world.queue(options.items - world.state.pendingCount)
  })
}

function whileBusy(options: SchedulerOptions): number[] {
  const world = new World(options, 'busy')
  world.queue(options.items)
  return world.calls(() => {})
}

/** A run on many nodes, made of events as the supervisor makes it. */
class World {
  readonly state: RunState = newState()
  readonly #options: SchedulerOptions
  readonly #nodes: readonly NodeFacts[]
  readonly #tasks = tasks()
  /** The same for all nodes and calls: what the bench makes anew would be collected while `schedule` is measured. */
  readonly #cores: readonly CoreState[]
  #queued = 0
  #now = T0

  constructor(options: SchedulerOptions, judged: 'idle' | 'busy' = 'idle') {
    this.#options = options
    const foreignShare = judged === 'idle' ? 0 : 1
    this.#cores = Array.from({ length: options.coresOfANode }, (_, core) => ({ core, foreignShare, judged }))
    this.#nodes = Array.from({ length: options.nodes }, (_, n) => factsOf(n, options.coresOfANode))
    this.#record(launchStarted(options.policy ?? SETTINGS.policy))
    for (const facts of this.#nodes) this.#record({ type: 'node-joined', at: T0, facts })
    for (const task of this.#tasks) this.#record({ type: 'task-defined', at: T0, task })
  }

  /** Milliseconds of each call; what comes before and after it is not counted. */
  calls(before: () => void): number[] {
    return Array.from({ length: this.#options.calls }, () => {
      before()
      return this.#call()
    })
  }

  /** Until all cores are held. */
  fill(): void {
    const cores = this.#options.nodes * this.#options.coresOfANode
    for (let held = -1; held < this.state.running.size && this.state.running.size < cores; ) {
      held = this.state.running.size
      this.queue(4096)
      this.#call()
    }
  }

  queue(count: number): void {
    for (let n = 0; n < count; n++) {
      const number = this.#queued++
      const task = this.#tasks[number % this.#tasks.length]?.name ?? ''
      const id: ItemId = `${task}#${Math.floor(number / this.#tasks.length) + 1}`
      const item = { id, task, files: [`/data/${number}.bin`], version: null, queuedAt: this.#now }
      this.#record({ type: 'item-queued', at: this.#now, item })
    }
  }

  end(count: number): void {
    const running = [...this.state.running.values()]
    const step = Math.max(1, Math.floor(running.length / count))
    for (let at = 0; at < running.length; at += step) {
      const ended = running[at]
      if (ended === undefined) continue
      const { attempt, item, task } = ended
      this.#record({
        type: 'attempt-ended',
        at: this.#now,
        attempt,
        item,
        task,
        outcome: 'completed',
        reason: null,
        usage: USAGE,
        retryAt: null,
      })
    }
  }

  #call(): number {
    this.#now += 100
    const snapshot = this.#look()
    const before = performance.now()
    const actions = schedule(this.state, snapshot, this.#now)
    const milliseconds = performance.now() - before
    for (const action of actions) {
      if (action.type === 'start') this.#start(action)
    }
    return milliseconds
  }

  #start({
    attempt,
    item,
    placement,
  }: {
    readonly attempt: string
    readonly item: ItemId
    readonly placement: Placement
  }): void {
    const task = item.slice(0, item.lastIndexOf('#'))
    this.#record({ type: 'attempt-started', at: this.#now, attempt, item, task, placement })
  }

  #look(): Snapshot {
    return { nodes: this.#nodes.map(node => this.#lookAt(node)), remainingSeconds: null }
  }

  #lookAt(node: NodeFacts): NodeSnapshot {
    const running = [...(this.state.loads.get(node.name)?.attempts.keys() ?? [])]
    return {
      node: node.name,
      cores: this.#cores,
      availableMemoryBytes: 256 * GB,
      attempts: running.map(attempt => ({ attempt, cpuSeconds: 1, memoryBytes: GB / 10 })),
    }
  }

  #record(event: OdopEvent): void {
    apply(this.state, event)
  }
}

const USAGE: AttemptUsage = { wallSeconds: 1, cpuSeconds: 1, peakMemoryBytes: GB / 10 }

const SETTINGS: Settings = {
  policy: 'priority',
  maxCpus: null,
  idleThreshold: 0.1,
  memoryReserveBytes: 0,
  retries: 3,
  retryDelaySeconds: 60,
  graceSeconds: 5,
  maxSlowdown: null,
  maxIoBound: 1,
  maxNetworkBound: 1,
}

function launchStarted(policy: string): OdopEvent {
  return {
    type: 'launch-started',
    at: T0,
    run: 'bench',
    command: ['./app'],
    cwd: '/',
    host: 'n0',
    pid: 1,
    version: '0',
    settings: { ...SETTINGS, policy },
    mode: 'run',
    taskFolders: [],
  }
}

/** Two sockets, two hardware threads a core. */
function factsOf(number: number, count: number): NodeFacts {
  const cores = Array.from({ length: count }, (_, core) => core)
  const half = count / 2
  return {
    name: `n${number}`,
    cores,
    usableCores: cores,
    topology: cores.map(core => {
      const socket = Math.floor(((core % half) * 2) / half)
      return { core, siblings: [core % half, (core % half) + half], socket, numaNode: socket }
    }),
    memoryLimitBytes: 256 * GB,
    yieldMode: 'kernel',
  }
}

/** Tasks of different needs, as a run has them: each shape has to be looked for by itself. */
function tasks(): TaskDefinition[] {
  return Array.from({ length: 20 }, (_, n) => ({
    name: `task-${n}`,
    module: '/tasks/tasks.js',
    index: n,
    kind: 'function',
    trigger: {
      kind: 'file-in',
      folder: '/data',
      filter: null,
      recursive: false,
      batchSize: 1,
      flush: 'end',
      settleSeconds: 2,
    },
    priority: n % 5,
    cpus: [1, 1, 1, 2, 4][n % 5] ?? 1,
    memoryBytes: n % 2 === 0 ? null : GB / 2,
    timeSeconds: n % 3 === 0 ? 600 : null,
    maxRuns: null,
    replicas: null,
    retries: null,
    retryDelaySeconds: null,
    ioBound: false,
    networkBound: false,
    env: {},
    cwd: null,
  }))
}
