import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import path from 'node:path'
import type { OdopEvent } from '../../../src/core/events.ts'
import type { NodeUsage } from '../../../src/core/model.ts'
import { runPaths } from '../../../src/journal/run-paths.ts'
import { launchStarted, NOON, nodeFacts, taskDefinition } from '../samples.ts'

/** How large a run is made up. */
export interface GeneratedRun {
  readonly name: string
  readonly nodes: number
  readonly cores: number
  readonly hours: number
  readonly attempts: number
  /** Seconds between measurements; odop's own are 10. */
  readonly every: number
}

const TASKS = ['reduce', 'render', 'compress', 'verify', 'upload']
const LIMIT = 256 * 1024 ** 3

/**
 * Writes the folder of a run as odop would have: a journal with a `usage` event of each node for each measurement, and each
 * node's metrics. The same run gives the same bytes.
 */
export function writeGeneratedRun(odopPath: string, run: GeneratedRun): void {
  const paths = runPaths(odopPath, run.name)
  mkdirSync(path.dirname(paths.metrics('n')), { recursive: true, mode: 0o700 })
  writeJournal(paths.journal, run)
  for (let node = 0; node < run.nodes; node++) writeMetrics(paths.metrics(nodeName(node)), run, node)
}

/** n001, n002 … */
function nodeName(node: number): string {
  return `n${String(node + 1).padStart(3, '0')}`
}

function writeJournal(file: string, run: GeneratedRun): void {
  const write = openWriter(file)
  write('{"schema":1,"odop":"0.1.0"}\n')
  const tell = (event: OdopEvent) => write(`${JSON.stringify(event)}\n`)
  tell(launchStarted(0, { run: run.name, command: ['srun', './climate', '--days', '30'] }))
  for (let node = 0; node < run.nodes; node++) {
    const facts = { ...nodeFacts(nodeName(node), run.cores), memoryLimitBytes: LIMIT }
    tell({ type: 'node-joined', at: NOON, facts })
  }
  for (const task of TASKS) tell({ type: 'task-defined', at: NOON, task: taskDefinition(task) })
  tell({ type: 'application-started', at: NOON, pid: 4712 })
  const events = attemptEvents(run)
  let next = 0
  const end = run.hours * 3600
  for (let seconds = run.every; seconds <= end; seconds += run.every) {
    for (; (events[next]?.at ?? Infinity) <= NOON + seconds * 1000; next++) {
      const event = events[next]
      if (event !== undefined) tell(event)
    }
    for (let node = 0; node < run.nodes; node++) {
      tell({ type: 'usage', at: NOON + seconds * 1000, usage: usageOf(run, node, seconds) })
    }
  }
  for (const event of events.slice(next)) tell(event)
  tell({ type: 'application-ended', at: NOON + end * 1000, code: 0, signal: null })
  tell({ type: 'launch-ended', at: NOON + end * 1000 })
  write.close()
}

/** In order of time; one of a hundred fails. */
function attemptEvents({ attempts, nodes, cores, hours }: GeneratedRun): OdopEvent[] {
  const events: OdopEvent[] = []
  const end = hours * 3600
  for (let index = 0; index < attempts; index++) {
    const task = TASKS[index % TASKS.length] ?? ''
    const id = `${task}#${Math.floor(index / TASKS.length) + 1}`
    const slot = Math.floor(wave(index * 3) * nodes * cores)
    const seconds = Math.min(end * 0.9, 600 + 900 * wave(index))
    const queuedAt = NOON + Math.floor((Math.max(1, end - 1500) * 1000 * index) / attempts)
    const at = queuedAt + Math.floor(60_000 * wave(index * 7))
    const placement = { node: nodeName(slot % nodes), cores: [Math.floor(slot / nodes)] }
    const item = { id, task, files: [`/scratch/out/step-${index}.h5`], version: null, queuedAt }
    events.push({ type: 'item-queued', at: queuedAt, item })
    events.push({ type: 'attempt-started', at, attempt: `${id}.1`, item: id, task, placement })
    const failed = index % 100 === 99
    events.push({
      type: 'attempt-ended',
      at: at + Math.floor(seconds * 1000),
      attempt: `${id}.1`,
      item: id,
      task,
      outcome: failed ? 'failed' : 'completed',
      reason: failed ? 'exit code 3' : null,
      usage: { wallSeconds: seconds, cpuSeconds: seconds * 0.97, peakMemoryBytes: 3e8 + (index % 50) * 1e7 },
      retryAt: null,
    })
  }
  return events.sort((a, b) => a.at - b.at)
}

/** The application computes and pauses; tasks take part of the pauses. */
function sharesAt(node: number, seconds: number): { app: number; tasks: number; odop: number } {
  const app = 0.35 + 0.6 * wave(Math.floor(seconds / 1800) + node * 3)
  return { app, tasks: (1 - app) * 0.8 * wave(Math.floor(seconds / 600) + node), odop: 0.0002 }
}

function usageOf({ cores, every }: GeneratedRun, node: number, seconds: number): NodeUsage {
  const { app, tasks, odop } = sharesAt(node, seconds - every)
  const total = cores * seconds
  const part = (share: number) => Number((total * share).toFixed(3))
  return {
    node: nodeName(node),
    coreSeconds: {
      total,
      app: part(app),
      tasks: part(tasks),
      odop: part(odop),
      idle: part(1 - app - tasks - odop),
    },
    memoryBytes: { limit: LIMIT, appPeak: 9e10, tasksPeak: 4e9, odopPeak: 9e7 },
    appRunDelaySeconds: Number((seconds * 0.01).toFixed(3)),
    interference: {
      beside: { seconds: seconds / 2, appCpuSeconds: total * 0.3, appRunDelaySeconds: total * 0.001 },
      alone: { seconds: seconds / 2, appCpuSeconds: total * 0.3, appRunDelaySeconds: total * 0.0005 },
    },
  }
}

function writeMetrics(file: string, { cores, hours, every }: GeneratedRun, node: number): void {
  const write = openWriter(file)
  const amounts = 'time,app_cores,task_cores,odop_cores,app_memory_bytes,tasks_memory_bytes,odop_memory_bytes'
  const names = Array.from({ length: cores }, (_, core) => `core${core}`)
  write(`${amounts},${names.join(',')}\n`)
  for (let seconds = every; seconds <= hours * 3600; seconds += every) {
    const { app, tasks, odop } = sharesAt(node, seconds - every)
    const used = (share: number) => String(Math.round(share * cores * 1000) / 1000)
    const memory = [6e10 + 3e10 * wave(seconds / 100 + node), 2e9, 9e7].map(Math.round)
    const shares = names.map((_, core) => coreShare(core / cores, app, tasks, seconds))
    const time = new Date(NOON + seconds * 1000).toISOString()
    write(`${time},${[app, tasks, odop].map(used).join(',')},${memory.join(',')},${shares.join(',')}\n`)
  }
  write.close()
}

/** The application has the first cores, tasks those behind. */
function coreShare(place: number, app: number, tasks: number, seconds: number): string {
  const noise = Math.floor(20 * wave(seconds + place * 1000)) / 1000
  return String(place < app ? 1 - noise : place < app + tasks ? 0.97 - noise : noise)
}

/** From 0 to 1, without any chance. */
function wave(value: number): number {
  const sine = Math.sin(value * 12.9898) * 43758.5453
  return sine - Math.floor(sine)
}

interface Writer {
  (text: string): void
  close(): void
}

const BUFFER_LENGTH = 1 << 20

function openWriter(file: string): Writer {
  const handle = openSync(file, 'w', 0o600)
  let texts: string[] = []
  let length = 0
  const flush = () => {
    writeSync(handle, texts.join(''))
    texts = []
    length = 0
  }
  const write = (text: string) => {
    texts.push(text)
    length += text.length
    if (length > BUFFER_LENGTH) flush()
  }
  return Object.assign(write, {
    close() {
      flush()
      closeSync(handle)
    },
  })
}
