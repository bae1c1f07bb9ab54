import type { AttemptId } from '../../core/model.ts'
import { type ProgressView, progressView } from '../progress-text.ts'
import type { Status } from '../status.ts'
import type { Summary } from '../summary-schema.ts'
import type { Report } from './report.ts'
import type { LoggedAttempt } from './run-log.ts'
import type { Shares, Timeline } from './timeline.ts'

/** What `odop report --format json` prints; docs/reference.md describes each field. */
export interface ReportJson {
  readonly schema: 1
  readonly state: Status['state']
  readonly summary: Summary
  readonly waiting: Status['waiting']
  readonly series: SeriesJson
  readonly attempts: readonly AttemptJson[]
}

interface SeriesJson {
  readonly start: string
  readonly binSeconds: number
  readonly bins: number
  readonly cores: Timeline['cores']
  readonly memory: Timeline['memory']
  readonly queue: Timeline['queue']
  readonly rows: {
    readonly kind: Timeline['kind']
    readonly names: readonly string[]
    readonly cores: readonly number[]
    readonly used: readonly Shares[]
    readonly usedMax: readonly Shares[]
    readonly held: readonly (readonly number[] | null)[]
    readonly app: readonly (Shares | null)[]
    readonly tasks: readonly (Shares | null)[]
    readonly odop: readonly (Shares | null)[]
  }
}

export interface AttemptJson {
  readonly attempt: AttemptId
  readonly item: string
  readonly task: string
  readonly launch: number
  readonly nodes: readonly { readonly node: string; readonly cores: readonly number[] }[]
  readonly start: string
  readonly end: string | null
  readonly state: LoggedAttempt['state']
  readonly reason: string | null
  readonly wallSeconds: number | null
  readonly cpuSeconds: number | null
  readonly peakMemoryBytes: number | null
  readonly progress: ProgressView | null
}

export function reportJson({ summary, status, timeline, attempts }: Report): ReportJson {
  return {
    schema: 1,
    state: status.state,
    summary,
    waiting: status.waiting,
    series: seriesJson(timeline),
    attempts: attempts.map(attemptJson),
  }
}

export function attemptJson({ placement, usage, ...attempt }: LoggedAttempt): AttemptJson {
  const { node, cores, others = [] } = placement
  return {
    attempt: attempt.attempt,
    item: attempt.item,
    task: attempt.task,
    launch: attempt.launch,
    nodes: [{ node, cores }, ...others],
    start: new Date(attempt.startedAt).toISOString(),
    end: attempt.endedAt === null ? null : new Date(attempt.endedAt).toISOString(),
    state: attempt.state,
    reason: attempt.reason,
    wallSeconds: usage && rounded(usage.wallSeconds, 3),
    cpuSeconds: usage && rounded(usage.cpuSeconds, 3),
    peakMemoryBytes: usage && Math.round(usage.peakMemoryBytes),
    progress: progressView(attempt.progress),
  }
}

function seriesJson({ start, binSeconds, bins, cores, memory, queue, kind, rows }: Timeline): SeriesJson {
  return {
    start: new Date(start).toISOString(),
    binSeconds,
    bins,
    cores: {
      app: numbers(cores.app, 3),
      tasks: numbers(cores.tasks, 3),
      odop: numbers(cores.odop, 3),
      idle: numbers(cores.idle, 3),
    },
    memory: {
      limitBytes: memory.limitBytes,
      appBytes: numbers(memory.appBytes, 0),
      tasksBytes: numbers(memory.tasksBytes, 0),
      odopBytes: numbers(memory.odopBytes, 0),
      fullestShare: numbers(memory.fullestShare, 4),
    },
    queue: {
      pending: numbers(queue.pending, 2),
      pendingMax: queue.pendingMax,
      running: numbers(queue.running, 2),
      runningMax: queue.runningMax,
    },
    rows: {
      kind,
      names: rows.map(({ name }) => name),
      cores: rows.map(row => row.cores),
      used: rows.map(({ used }) => shares(used)),
      usedMax: rows.map(({ usedMax }) => shares(usedMax)),
      held: rows.map(({ held }) => held && numbers(held, 4)),
      app: rows.map(({ parts }) => parts && shares(parts.app)),
      tasks: rows.map(({ parts }) => parts && shares(parts.tasks)),
      odop: rows.map(({ parts }) => parts && shares(parts.odop)),
    },
  }
}

function shares(values: Shares): Shares {
  return values.map(value => (value === null ? null : rounded(value, 4)))
}

function numbers(values: readonly number[], digits: number): number[] {
  return values.map(value => rounded(value, digits))
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
