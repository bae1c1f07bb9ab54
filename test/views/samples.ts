import type { LaunchStarted, OdopEvent } from '../../src/core/events.ts'
import type { NodeFacts, NodeUsage, Settings, TaskDefinition } from '../../src/core/model.ts'
import { type RunState, replay } from '../../src/core/state.ts'
import { addDetails, type Details, newDetails } from '../../src/views/details.ts'
import { sampleTask } from '../sample-task.ts'

/** The default settings of a run, for tests that do not care. */
export const settings: Settings = {
  policy: 'priority',
  maxCpus: null,
  idleThreshold: 0.1,
  memoryReserveBytes: 0,
  retries: 3,
  retryDelaySeconds: 60,
  graceSeconds: 5,
  maxIoBound: 1,
  maxNetworkBound: 1,
  maxSlowdown: null,
}

/** A task that takes each file of `data`, on one core. */
export function taskDefinition(name: string, other: Partial<TaskDefinition> = {}): TaskDefinition {
  return sampleTask({
    name,
    module: `/work/sim/tasks/${name}.ts`,
    index: 0,
    kind: 'function',
    trigger: {
      kind: 'file-in',
      folder: 'data',
      filter: null,
      recursive: false,
      batchSize: 1,
      flush: 'end',
      settleSeconds: 2,
    },
    ...other,
  })
}

export function nodeFacts(name: string, cores = 2): NodeFacts {
  const ids = Array.from({ length: cores }, (_, core) => core)
  return {
    name,
    usableCores: ids,
    cores: ids,
    topology: ids.map(core => ({ core, siblings: [core], socket: 0, numaNode: 0 })),
    memoryLimitBytes: 4 * 1024 ** 3,
    yieldMode: 'kernel',
  }
}

/** Two cores for ten seconds: the application used half of them, and tasks most of the rest. */
export function nodeUsage(node: string, other: Partial<NodeUsage> = {}): NodeUsage {
  return {
    node,
    coreSeconds: { total: 20, app: 10, tasks: 8, odop: 0.5, idle: 1.5 },
    memoryBytes: {
      limit: 4 * 1024 ** 3,
      appPeak: 1024 ** 3,
      tasksPeak: 200 * 1024 ** 2,
      odopPeak: 80 * 1024 ** 2,
    },
    appRunDelaySeconds: 0.25,
    interference: null,
    ...other,
  }
}

/** Noon of a day; events of the samples are so many seconds after it. */
export const NOON = Date.UTC(2026, 2, 1, 12)

export function at(seconds: number): number {
  return NOON + seconds * 1000
}

export function launchStarted(seconds = 0, other: Partial<LaunchStarted> = {}): LaunchStarted {
  return {
    type: 'launch-started',
    at: at(seconds),
    run: 'heat',
    command: ['node', 'heat.js'],
    cwd: '/work/sim',
    host: 'n1',
    pid: 4711,
    version: '0.1.0',
    settings,
    mode: 'run',
    taskFolders: ['/work/sim/tasks'],
    ...other,
  }
}

/** A launch with one node, an application and a task `reduce`. */
export function launched(): readonly OdopEvent[] {
  return [
    launchStarted(),
    { type: 'node-joined', at: at(0), facts: nodeFacts('n1') },
    { type: 'task-defined', at: at(0), task: taskDefinition('reduce') },
    { type: 'application-started', at: at(0), pid: 4712 },
  ]
}

export function queued(task: string, number: number, seconds: number): OdopEvent {
  const item = { id: `${task}#${number}`, task, files: [`/work/sim/data/${number}.bin`], version: null }
  return { type: 'item-queued', at: at(seconds), item: { ...item, queuedAt: at(seconds) } }
}

export function started(task: string, attempt: string, seconds: number): OdopEvent {
  return {
    type: 'attempt-started',
    at: at(seconds),
    attempt: `${task}#${attempt}`,
    item: `${task}#${attempt.split('.')[0]}`,
    task,
    placement: { node: 'n1', cores: [1] },
  }
}

export function ended(
  task: string,
  attempt: string,
  seconds: number,
  other: Partial<Extract<OdopEvent, { type: 'attempt-ended' }>> = {},
): OdopEvent {
  return {
    type: 'attempt-ended',
    at: at(seconds),
    attempt: `${task}#${attempt}`,
    item: `${task}#${attempt.split('.')[0]}`,
    task,
    outcome: 'completed',
    reason: null,
    usage: { wallSeconds: 2, cpuSeconds: 1.5, peakMemoryBytes: 1000 },
    retryAt: null,
    ...other,
  }
}

export interface Told {
  readonly state: RunState
  readonly details: Details
}

/** What views are made from. */
export function told(...events: readonly OdopEvent[]): Told {
  const details = newDetails()
  for (const event of events) addDetails(details, event)
  return { state: replay(events), details }
}
