import type { LaunchStarted, OdopEvent } from '../../src/core/events.ts'
import type { NodeFacts, Settings } from '../../src/core/model.ts'
import { sampleTask } from '../sample-task.ts'

export const settings: Settings = {
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

const facts: NodeFacts = {
  name: 'n1',
  usableCores: [0, 1],
  cores: [0, 1],
  topology: [{ core: 0, siblings: [0], socket: 0, numaNode: 0 }],
  memoryLimitBytes: 1e9,
  yieldMode: 'kernel',
}

const task = sampleTask({
  name: 'reduce',
  cpus: 'all',
  timeSeconds: 60,
  trigger: { kind: 'after', task: 'read' },
  dependsOn: { of: 'any', tasks: ['check'] },
})

const usage = { wallSeconds: 1, cpuSeconds: 0.5, peakMemoryBytes: 1000 }

export const launchStarted: LaunchStarted = {
  type: 'launch-started',
  at: 1,
  run: 'r',
  command: ['./app', 'a b'],
  cwd: '/',
  host: 'h',
  pid: 7,
  version: '0',
  settings,
  mode: 'run',
  taskFolders: [],
}

/** One of each kind. */
export const samples: readonly OdopEvent[] = [
  launchStarted,
  { type: 'node-joined', at: 2, facts },
  { type: 'task-defined', at: 3, task },
  { type: 'task-refused', at: 4, file: '/t.ts', problem: 'none' },
  { type: 'application-started', at: 5, pid: null },
  {
    type: 'item-queued',
    at: 6,
    item: { id: 'reduce#1', task: 'reduce', files: ['/a\nb\udcff \u2028 😀'], version: null, queuedAt: 6 },
  },
  {
    type: 'attempt-started',
    at: 7,
    attempt: 'reduce#1.1',
    item: 'reduce#1',
    task: 'reduce',
    placement: { node: 'n1', cores: [1] },
  },
  { type: 'attempt-suspended', at: 8, attempt: 'reduce#1.1', reason: 'busy' },
  { type: 'attempt-resumed', at: 9, attempt: 'reduce#1.1' },
  { type: 'attempt-progress', at: 9, attempt: 'reduce#1.1', fraction: 0.4, text: 'slice 12' },
  { type: 'attempt-moved', at: 9, attempt: 'reduce#1.1', placement: { node: 'n1', cores: [1] } },
  {
    type: 'attempt-ended',
    at: 10,
    attempt: 'reduce#1.1',
    item: 'reduce#1',
    task: 'reduce',
    outcome: 'failed',
    reason: 'exit code 3',
    usage,
    retryAt: 70,
  },
  {
    type: 'item-queued',
    at: 10,
    item: { id: 'plot#1', task: 'plot', files: [], version: null, after: 'reduce#1', queuedAt: 10 },
  },
  { type: 'item-completed', at: 11, item: 'plot#1', outputs: ['/a'] },
  { type: 'item-cancelled', at: 11, item: 'reduce#1', reason: 'asked' },
  {
    type: 'usage',
    at: 12,
    usage: {
      node: 'n1',
      coreSeconds: { total: 4, app: 1, tasks: 1, odop: 1, idle: 1 },
      memoryBytes: { limit: 1e9, appPeak: 1, tasksPeak: 1, odopPeak: 1 },
      appRunDelaySeconds: null,
      interference: null,
    },
  },
  {
    type: 'progress',
    at: 12,
    progress: {
      steps: 9,
      beside: { blocks: 3, stepSeconds: 1.1 },
      alone: { blocks: 0, stepSeconds: null },
    },
  },
  { type: 'note', at: 13, level: 'warning', text: 'careful' },
  { type: 'application-ended', at: 14, code: 0, signal: null },
  { type: 'items-left', at: 14, task: 'reduce', items: 1, reasons: ['needs 2 free cores'] },
  { type: 'launch-ended', at: 15 },
]

/** A note that carries a number, to find again what was written. */
export function numbered(number: number, padding = 0): OdopEvent {
  return { type: 'note', at: number, level: 'info', text: 'x'.repeat(padding) }
}
