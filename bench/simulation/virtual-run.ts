import { mock } from 'node:test'
import { EVERYONE, FrameReader, FrameWriter } from '../../src/cluster/frames.ts'
import type { FromAgent, ToAgent } from '../../src/cluster/messages.ts'
import { Outbox } from '../../src/cluster/outbox.ts'
import { RemoteAgent } from '../../src/cluster/remote-agent.ts'
import type { OdopEvent } from '../../src/core/events.ts'
import type { Settings, TaskDefinition } from '../../src/core/model.ts'
import { newState, type RunState } from '../../src/core/state.ts'
import { runPaths } from '../../src/journal/run-paths.ts'
import type { Agents } from '../../src/supervisor/agents.ts'
import { type Attempts, createAttempts } from '../../src/supervisor/attempts.ts'
import { type Loop, startLoop } from '../../src/supervisor/loop.ts'
import { type Metrics, startMetrics } from '../../src/supervisor/metrics.ts'
import { createRecorder, type Recorder } from '../../src/supervisor/recorder.ts'
import type { RunStore } from '../../src/supervisor/run-store.ts'
import { version } from '../../src/version.ts'
import { addDetails, type Details, newDetails } from '../../src/views/details.ts'

/** What a message is for, with what it was sent as. */
export interface Sent {
  readonly node: string
  readonly message: ToAgent
}

/** As many items wait all the time. */
const QUEUED = 5000
const GB = 1024 ** 3

/**
 * A supervisor without its own node: the loop, decisions, attempts, metrics and events are the real ones, and so are frames and
 * remote agents. Its clock is set by `setTime`; its timers run in `tick`. The caller has mocked `setTimeout` and `setImmediate`.
 */
export class VirtualRun {
  readonly recorder: Recorder
  readonly #agents = new Map<string, RemoteAgent>()
  readonly #writers = new Map<string, FrameWriter>()
  readonly #outbox = new Outbox(() => this.#agents.size)
  readonly #channel = { send: (node: string, message: ToAgent) => this.#send(node, message) }
  readonly #reader: FrameReader
  readonly #attempts: Attempts
  readonly #loop: Loop
  readonly #metrics: Metrics
  #now: number
  #queued = 0
  /** What the agents are to be given; taken out by the caller. */
  sent: Sent[] = []
  sentBytes = 0
  decisions = 0
  journalBytes = 0

  constructor(nodes: readonly string[], at: number) {
    this.#now = at
    const now = () => this.#now
    const journal = {
      append: (event: OdopEvent) => {
        this.journalBytes += JSON.stringify(event).length + 1
      },
    }
    this.recorder = createRecorder({
      journal,
      state: newState(),
      now,
      say: text => process.stderr.write(text),
    })
    const { recorder } = this
    const details = newDetails()
    recorder.listen(event => addDetails(details, event))
    recorder.record(launchStarted(at))
    for (const task of TASKS) recorder.record({ type: 'task-defined', at, task })
    recorder.record({ type: 'application-started', at, pid: 1 })
    for (const node of nodes) this.#agents.set(node, this.#remoteAgent(node, now))
    const agents = this.#allAgents()
    const store = withoutFolder(recorder.state, details)
    this.#attempts = createAttempts({ recorder, agents, settings: SETTINGS, cwd: '/', store, now })
    const progress = { recent: () => null, usage: () => null, step: () => {}, close: async () => {} }
    const backOffNotes = { seen: () => {}, finish: () => {} }
    this.#metrics = startMetrics({ agents, recorder, store, progress, backOffNotes, now })
    this.#loop = startLoop({
      state: recorder.state,
      agents,
      attempts: this.#attempts,
      now,
      remainingSeconds: () => null,
      incoming: () => new Set(),
      progress: () => null,
      onBackOff: () => {},
      onLook: () => {
        this.decisions += 1
        this.#metrics.looked()
      },
      onBug: error => {
        throw error
      },
    })
    recorder.listen(event => {
      if (event.type === 'attempt-ended') this.#loop.wake()
    })
    this.#reader = new FrameReader({
      accept: () => true,
      onMessage: (node, message) => this.#agents.get(node)?.receive(message as FromAgent),
      onForeign: line => {
        throw new Error(`not a frame: ${line}`)
      },
      onProblem: problem => {
        throw new Error(JSON.stringify(problem))
      },
    })
  }

  setTime(now: number): void {
    this.#now = now
  }

  /** Bytes come as a pipe gives them. */
  read(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PIPE_BYTES)
      this.#reader.read(bytes.subarray(at, at + PIPE_BYTES))
  }

  /** Lets its timers run. */
  tick(milliseconds: number): void {
    mock.timers.tick(milliseconds)
  }

  beat(): void {
    this.#tell(agent => agent.beat())
  }

  /** As the application writes files: as many as were worked off. */
  fillQueue(): void {
    const { state } = this.recorder
    const missing = QUEUED - state.pendingCount
    for (let count = 0; count < missing; count++) {
      const number = this.#queued++
      const task = TASKS[number % TASKS.length]?.name ?? ''
      const id = `${task}#${Math.floor(number / TASKS.length) + 1}`
      const item = { id, task, files: [`/data/step-${number}.bin`], version: null, queuedAt: this.#now }
      this.recorder.record({ type: 'item-queued', at: this.#now, item })
    }
    if (missing > 0) this.#loop.wake()
  }

  #remoteAgent(node: string, now: () => number): RemoteAgent {
    return new RemoteAgent({
      node,
      version: version(),
      launchedAt: 0,
      begin: BEGIN,
      now,
      send: message => this.#outbox.send({ channel: this.#channel, node, message }),
      onJoined: facts => {
        this.recorder.record({ type: 'node-joined', at: now(), facts })
        this.#loop.lookAgain()
      },
      onReport: report => this.#attempts.reported(report),
      onFound: () => {},
      onWarning: text => this.recorder.note('warning', text),
      onSignal: () => {},
    })
  }

  /** As it is written to a pipe. */
  #send(node: string, message: ToAgent): void {
    const writer = this.#writers.get(node) ?? new FrameWriter(node)
    this.#writers.set(node, writer)
    this.sentBytes += Buffer.from(writer.frames(message), 'latin1').length
    const nodes = node === EVERYONE ? this.#agents.keys() : [node]
    for (const each of nodes) this.sent.push({ node: each, message })
  }

  #tell(each: (agent: RemoteAgent) => void): void {
    this.#outbox.together(() => {
      for (const agent of this.#agents.values()) each(agent)
    })
  }

  #allAgents(): Agents {
    const all = [...this.#agents.values()]
    let measurements = 0
    return {
      of: node => this.#agents.get(node) ?? null,
      mayRunOn: node => this.#agents.get(node)?.isOpen === true,
      watch: () => {},
      flush: async () => {},
      sample: () => all.flatMap(agent => agent.sample() ?? []),
      prepare: () => {},
      preload: () => {},
      pace: milliseconds => {
        this.#tell(agent => agent.pace(milliseconds))
      },
      applicationEnded: () => {},
      measure: ({ full }) => {
        measurements += 1
        const answers: ReturnType<Agents['measure']> = []
        this.#tell(agent => answers.push(agent.measure(measurements, full)))
        return answers
      },
      close: async () => {},
    }
  }
}

const PIPE_BYTES = 65_536

/** What is written costs time of the file system's threads, not of the supervisor's. */
function withoutFolder(state: RunState, details: Details): RunStore {
  return {
    name: 'simulation',
    paths: runPaths('/odop', 'simulation'),
    kept: false,
    journal: null,
    state,
    details,
    warnings: [],
    hasFailed: () => false,
    makeLogFolder: async () => {},
    ends: async () => {},
    close: async () => {},
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

const BEGIN = {
  settings: SETTINGS,
  environment: {},
  excludeCores: [],
  reserveCores: 0,
  memoryReserveBytes: null,
  memoryReserveShare: 0.1,
  memoryBytes: null,
  jobs: ['1234'],
}

function launchStarted(at: number): OdopEvent {
  return {
    type: 'launch-started',
    at,
    run: 'simulation',
    command: ['srun', './app'],
    cwd: '/',
    host: 'login',
    pid: 1,
    version: version(),
    settings: SETTINGS,
    mode: 'run',
    taskFolders: [],
  }
}

/** Of one core and of two, with and without a limit of memory. */
const TASKS: readonly TaskDefinition[] = Array.from({ length: 6 }, (_, n) => ({
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
  priority: n % 3,
  cpus: 1 + (n % 2),
  memoryBytes: n % 3 === 0 ? null : 4 * GB,
  timeSeconds: n % 2 === 0 ? null : 4 * 3600,
  maxRuns: null,
  replicas: null,
  retries: null,
  retryDelaySeconds: null,
  ioBound: false,
  networkBound: false,
  env: {},
  cwd: null,
}))
