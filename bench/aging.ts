import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type CoreJudgement, idleOptions, judgeNode, UNSEEN } from '../src/core/idle.ts'
import { NO_INTERFERENCE } from '../src/core/interference.ts'
import type {
  AttemptId,
  CoreId,
  NodeFacts,
  NodeSnapshot,
  NodeUsage,
  Settings,
  TaskDefinition,
} from '../src/core/model.ts'
import { nextLookMilliseconds } from '../src/core/pace.ts'
import { schedule } from '../src/core/schedule.ts'
import { newState } from '../src/core/state.ts'
import { runPaths } from '../src/journal/run-paths.ts'
import type { Agent, AttemptReport } from '../src/node/agent.ts'
import { createAttempts } from '../src/supervisor/attempts.ts'
import { perform } from '../src/supervisor/loop.ts'
import { createRecorder, type Recorder } from '../src/supervisor/recorder.ts'
import { addDetails, newDetails } from '../src/views/details.ts'
import { type Figure, median } from './measure.ts'
import type { PartResult } from './parts.ts'

export interface AgingOptions {
  readonly hours: number
}

const T0 = Date.UTC(2026, 0, 1)
const GB = 1024 ** 3
/** In the first hour the compiler is still at work. */
const WARM_UP_HOURS = 2
/** The first and the last so many hours are compared. */
const HOURS_COMPARED = 6

/** What odop's bookkeeping costs in a run of days, at its beginning and at its end: events, decisions and views in virtual time. */
export function agingFigures({ hours }: AgingOptions): PartResult {
  const run = new VirtualRun()
  for (let hour = 0; hour < WARM_UP_HOURS; hour += 1) run.hour()
  const costs = Array.from({ length: hours }, () => {
    const before = process.cpuUsage()
    run.hour()
    const { user, system } = process.cpuUsage(before)
    return { cpuMilliseconds: (user + system) / 1000, heapBytes: heapBytes() }
  })
  const figure = (name: string, of: (cost: Cost) => number): Figure => ({
    name: `odop’s ${name} ${hours} virtual hours later: last ${HOURS_COMPARED} hours ÷ first ${HOURS_COMPARED}`,
    unit: '×',
    samples: [median(costs.slice(-HOURS_COMPARED).map(of)) / median(costs.slice(0, HOURS_COMPARED).map(of))],
    target: { atMost: 1.1 },
  })
  const figures = [figure('CPU time', cost => cost.cpuMilliseconds), figure('memory', cost => cost.heapBytes)]
  return { figures, skipped: [], details: { attempts: run.attempts, costs } }
}

interface Cost {
  readonly cpuMilliseconds: number
  readonly heapBytes: number
}

function heapBytes(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

/** V8 offers it only when asked for, and then to new contexts. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}

/**
 * A run on two nodes with an application that comes and goes: every second some items are queued, some attempts start,
 * fail, are suspended, moved or end. The parts are those of a supervisor; only nodes and time are virtual.
 */
class VirtualRun {
  readonly #recorder: Recorder
  readonly #details = newDetails()
  readonly #nodes = [new VirtualNode('n0', 'kernel'), new VirtualNode('n1', 'suspend')] as const
  readonly #turn: () => void
  #now = T0
  #seconds = 0
  journalBytes = 0
  attempts = 0

  constructor() {
    const now = () => this.#now
    const journal = {
      append: (event: unknown) => {
        this.journalBytes += JSON.stringify(event).length
      },
    }
    this.#recorder = createRecorder({ journal, state: newState(), now, say: () => {} })
    this.#recorder.listen(event => addDetails(this.#details, event))
    this.#recorder.record(launchStarted())
    for (const { facts } of this.#nodes) this.#recorder.record({ type: 'node-joined', at: T0, facts })
    for (const task of TASKS) this.#recorder.record({ type: 'task-defined', at: T0, task })
    this.#recorder.record({ type: 'application-started', at: T0, pid: 1 })
    const store = { name: 'bench', paths: runPaths('/odop', 'bench') }
    const agent = this.#agent()
    const agents = { of: () => agent }
    const options = { recorder: this.#recorder, agents, settings: SETTINGS, cwd: '/', store, now }
    const attempts = createAttempts(options)
    this.#turn = () => {
      for (const node of this.#nodes) node.reports(this.#now, report => attempts.reported(report))
      const nodes = this.#nodes.map(node => node.look(this.#seconds))
      const snapshot = { nodes, remainingSeconds: null }
      for (const action of schedule(this.#recorder.state, snapshot, this.#now)) perform(action, attempts)
      nextLookMilliseconds(this.#recorder.state, snapshot, this.#now)
    }
  }

  hour(): void {
    for (let second = 0; second < 3600; second += 1) this.#second()
  }

  #second(): void {
    this.#now += 1000
    this.#seconds += 1
    for (const task of TASKS) this.#queue(task.name)
    this.#turn()
    if (this.#seconds % 10 !== 0) return
    for (const { facts } of this.#nodes) {
      this.#recorder.record({ type: 'usage', at: this.#now, usage: usageOf(facts.name, this.#seconds) })
    }
  }

  /** As fast as they are worked off, and never with a long queue. */
  #queue(name: string): void {
    const { state, record } = this.#recorder
    const task = state.tasks.get(name)
    if (task === undefined || task.pendingCount > 3) return
    const number = task.queued + 1
    const isUpdate = task.definition?.trigger.kind === 'file-updated'
    const item = {
      id: `${name}#${number}`,
      task: name,
      // A file that is written again and again, as long as the run lasts.
      files: isUpdate ? [`/data/${number % 10}.bin`] : [],
      version: isUpdate ? `${number}:1` : null,
      queuedAt: this.#now,
    }
    record({ type: 'item-queued', at: this.#now, item })
  }

  #agent(): Agent {
    const all = this.#nodes
    const nodeOf = (attempt: AttemptId) => all.find(node => node.running.has(attempt))
    return {
      prepare: () => {},
      preload: () => {},
      start: ({ attempt, node, number }) => {
        this.attempts += 1
        const seconds = 1 + ((this.attempts * 7) % 3)
        const failure = this.attempts % 50 === 0 && number === 1 ? 'on purpose' : null
        all
          .find(({ facts }) => facts.name === node)
          ?.running.set(attempt, { left: seconds, suspended: false, failure })
      },
      follow: () => false,
      suspend: attempt => nodeOf(attempt)?.setSuspended(attempt, true),
      resume: attempt => nodeOf(attempt)?.setSuspended(attempt, false),
      move: () => true,
      terminate: attempt => nodeOf(attempt)?.endSoon(attempt),
      close: async () => {},
    }
  }
}

interface Running {
  left: number
  suspended: boolean
  readonly failure: string | null
}

class VirtualNode {
  readonly facts: NodeFacts
  readonly running = new Map<AttemptId, Running>()
  #judgements: ReadonlyMap<CoreId, CoreJudgement> = new Map()

  constructor(name: string, yieldMode: NodeFacts['yieldMode']) {
    const cores = [0, 1, 2, 3]
    const topology = cores.map(core => ({ core, siblings: [core], socket: 0, numaNode: 0 }))
    this.facts = { name, cores, usableCores: cores, topology, memoryLimitBytes: 16 * GB, yieldMode }
  }

  setSuspended(attempt: AttemptId, suspended: boolean): void {
    const running = this.running.get(attempt)
    if (running) running.suspended = suspended
  }

  endSoon(attempt: AttemptId): void {
    const running = this.running.get(attempt)
    if (running) this.running.set(attempt, { ...running, suspended: false, left: 0 })
  }

  /** A second later. */
  reports(at: number, report: (report: AttemptReport) => void): void {
    for (const [attempt, running] of this.running) {
      if (running.suspended) continue
      running.left -= 1
      if (running.left > 0) continue
      this.running.delete(attempt)
      const { failure } = running
      report({ type: 'ended', attempt, at, failure, usage: USAGE, next: null, fault: 'attempt' })
    }
  }

  /** The application is on one core after the other, and for a while on all of them. */
  look(seconds: number): NodeSnapshot {
    const { cores, topology, yieldMode, name } = this.facts
    const isTaken = (core: CoreId) => Math.floor(seconds / 9) % 5 === core || seconds % 90 > 85
    const foreignShares = new Map(cores.map(core => [core, isTaken(core) ? 1 : 0]))
    const options = idleOptions(SETTINGS, yieldMode)
    this.#judgements = judgeNode({ previous: this.#judgements, foreignShares, seconds: 1, topology, options })
    return {
      node: name,
      cores: cores.map(core => {
        const { judged, busySeconds } = this.#judgements.get(core) ?? UNSEEN
        return { core, foreignShare: foreignShares.get(core) ?? 0, judged, busySeconds }
      }),
      availableMemoryBytes: 8 * GB,
      attempts: [...this.running.keys()].map(attempt => ({ attempt, cpuSeconds: 1, memoryBytes: GB / 10 })),
    }
  }
}

const USAGE = { wallSeconds: 1.5, cpuSeconds: 1, peakMemoryBytes: GB / 10 }

function usageOf(node: string, seconds: number): NodeUsage {
  const part = seconds * 4
  return {
    node,
    coreSeconds: { total: part, app: part / 2, tasks: part / 4, odop: part / 100, idle: part / 5 },
    memoryBytes: { limit: 16 * GB, appPeak: GB, tasksPeak: GB, odopPeak: GB / 10 },
    appRunDelaySeconds: seconds / 100,
    interference: NO_INTERFERENCE,
  }
}

const SETTINGS: Settings = {
  policy: 'priority',
  maxCpus: null,
  idleThreshold: 0.1,
  memoryReserveBytes: 0,
  retries: 3,
  retryDelaySeconds: 30,
  graceSeconds: 5,
  maxSlowdown: null,
  maxIoBound: 1,
  maxNetworkBound: 1,
}

function launchStarted() {
  return {
    type: 'launch-started',
    at: T0,
    run: 'bench',
    command: ['./app'],
    cwd: '/',
    host: 'n0',
    pid: 1,
    version: '0',
    settings: SETTINGS,
    mode: 'run',
    taskFolders: [],
  } as const
}

const TASKS: readonly TaskDefinition[] = (['updated', 'timer', 'background'] as const).map((name, index) => ({
  name,
  module: '/tasks/tasks.js',
  index,
  kind: 'function',
  trigger:
    name === 'updated'
      ? { kind: 'file-updated', path: '/data', filter: null, recursive: false, settleSeconds: 2 }
      : name === 'timer'
        ? { kind: 'timer', everySeconds: 1 }
        : { kind: 'background' },
  priority: index,
  cpus: 1,
  memoryBytes: index === 0 ? GB : null,
  timeSeconds: 60,
  maxRuns: null,
  replicas: null,
  retries: null,
  retryDelaySeconds: null,
  ioBound: false,
  networkBound: false,
  env: {},
  cwd: null,
}))
