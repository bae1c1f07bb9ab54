import type { OdopEvent } from '../../src/core/events.ts'
import type {
  AttemptOutcome,
  AttemptSample,
  CoreId,
  CorePlace,
  CoreState,
  Gpu,
  NodeFacts,
  NodeSnapshot,
  Placement,
  Settings,
  Snapshot,
  TaskDefinition,
} from '../../src/core/model.ts'
import { apply, newState, type RunState } from '../../src/core/state.ts'
import { sampleTask } from '../sample-task.ts'

/** 2025-01-01: any time will do. */
export const T0 = 1_735_689_600_000

export const SETTINGS: Settings = {
  policy: 'priority',
  maxCpus: null,
  idleThreshold: 0.1,
  memoryReserveBytes: 0,
  retries: 3,
  retryDelaySeconds: 60,
  graceSeconds: 10,
  maxIoBound: 1,
  maxNetworkBound: 1,
  maxSlowdown: null,
}

export const GB = 1024 ** 3

export function task(parts: Partial<TaskDefinition> = {}): TaskDefinition {
  return sampleTask({
    name: 'reduce',
    module: '/tasks/reduce.ts',
    index: 0,
    kind: 'function',
    trigger: {
      kind: 'file-in',
      folder: 'data',
      filter: null,
      recursive: false,
      batchSize: 1,
      flush: 'end',
      settleSeconds: 1,
    },
    ...parts,
  })
}

export function facts(parts: Partial<NodeFacts> & { count?: number } = {}): NodeFacts {
  const { count = 2, ...rest } = parts
  const cores = Array.from({ length: count }, (_, core) => core)
  return {
    name: 'n1',
    usableCores: cores,
    cores,
    topology: (rest.cores ?? cores).map(core => ({ core, siblings: [core], socket: 0, numaNode: 0 })),
    memoryLimitBytes: 16 * GB,
    yieldMode: 'kernel',
    ...rest,
  }
}

export function someGpus(count: number): Gpu[] {
  return Array.from({ length: count }, (_, index) => ({ index, maker: 'nvidia' }))
}

/** `count` cores, of which n and n + count/2 are threads of one physical core, as Linux numbers them. */
export function hyperthreads(count: number, sockets = 1): CorePlace[] {
  const half = count / 2
  return Array.from({ length: count }, (_, core) => {
    const first = core % half
    const socket = Math.floor((first * sockets) / half)
    return { core, siblings: [first, first + half], socket, numaNode: socket }
  })
}

type Judged = CoreState['judged']

/** A look at a node: all cores idle but those that are named. */
export function look(node: NodeFacts, parts: LookParts = {}): NodeSnapshot {
  const { judged = {}, availableMemoryBytes = node.memoryLimitBytes, attempts = [] } = parts
  return {
    node: node.name,
    cores: node.cores.map(core => ({ core, foreignShare: 0, judged: judged[core] ?? 'idle' })),
    availableMemoryBytes,
    attempts,
  }
}

interface LookParts {
  readonly judged?: Readonly<Record<CoreId, Judged>>
  readonly availableMemoryBytes?: number
  readonly attempts?: readonly AttemptSample[]
}

export function snapshot(...nodes: readonly NodeSnapshot[]): Snapshot {
  return { nodes, remainingSeconds: null }
}

export function launched(at = T0, settings: Partial<Settings> = {}): OdopEvent {
  return {
    type: 'launch-started',
    at,
    run: 'r',
    command: ['./app'],
    cwd: '/w',
    host: 'n1',
    pid: 1,
    version: '0',
    settings: { ...SETTINGS, ...settings },
    mode: 'run',
    taskFolders: ['/w/tasks'],
  }
}

export function defined(definition: TaskDefinition, at = T0): OdopEvent {
  return { type: 'task-defined', at, task: definition }
}

export function queued(
  name: string,
  number: number,
  at = T0,
  parts: { file?: string; version?: string; node?: string } = {},
): OdopEvent {
  const files = parts.file === undefined ? [] : [parts.file]
  const { version = null, node } = parts
  const bound = node === undefined ? {} : { node }
  const item = { id: `${name}#${number}`, task: name, files, version, ...bound, queuedAt: at }
  return { type: 'item-queued', at, item }
}

export function started(attempt: string, at: number, placement: Placement): OdopEvent {
  const item = itemOf(attempt)
  return { type: 'attempt-started', at, attempt, item, task: taskOf(item), placement }
}

export function ended(
  attempt: string,
  at: number,
  outcome: AttemptOutcome = 'completed',
  retryAt: number | null = null,
): OdopEvent {
  const item = itemOf(attempt)
  const usage = { wallSeconds: 2, cpuSeconds: 1, peakMemoryBytes: 1000 }
  const reason = outcome === 'completed' ? null : 'because'
  return { type: 'attempt-ended', at, attempt, item, task: taskOf(item), outcome, reason, usage, retryAt }
}

function itemOf(attempt: string): string {
  return attempt.slice(0, attempt.lastIndexOf('.'))
}

function taskOf(item: string): string {
  return item.slice(0, item.lastIndexOf('#'))
}

export interface RunParts {
  readonly nodes?: readonly NodeFacts[]
  readonly tasks?: readonly TaskDefinition[]
  readonly settings?: Partial<Settings>
  readonly events?: readonly OdopEvent[]
}

export function run({
  nodes = [facts()],
  tasks = [task()],
  settings = {},
  events = [],
}: RunParts = {}): RunState {
  const state = newState()
  apply(state, launched(T0, settings))
  for (const node of nodes) apply(state, { type: 'node-joined', at: T0, facts: node })
  for (const definition of tasks) apply(state, defined(definition))
  for (const event of events) apply(state, event)
  return state
}

export function items(name: string, count: number, at = T0): OdopEvent[] {
  return Array.from({ length: count }, (_, index) => queued(name, index + 1, at))
}
