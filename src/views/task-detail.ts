import type { TaskDefinition, TaskName } from '../core/model.ts'
import type { RunView } from '../core/state.ts'
import { waitSeconds } from '../core/waits.ts'
import { type DetailOptions, type ItemBrief, itemBrief } from './item-detail.ts'
import type { ItemHistory, ItemRecord } from './item-history.ts'
import { type AttemptStatus, statusOf, type TaskStatus } from './status.ts'

/** Details of a task: what `odop status RUN --task NAME --json` prints; docs/reference.md describes each field. */
export interface TaskDetail extends TaskStatus {
  readonly schema: 1
  readonly kind: 'task'
  readonly run: string
  /** Work items queued so far in this run. */
  readonly queued: number
  readonly definition: TaskDefinition | null
  readonly attempts: AttemptCounts
  readonly waitSeconds: MedianAndMax
  readonly durationSeconds: MedianAndMax
  readonly cpuSeconds: number
  readonly peakMemoryBytes: number
  readonly waiting: string | null
  readonly lastFailure: {
    readonly attempt: string
    readonly reason: string
    readonly log: string | null
  } | null
  readonly active: readonly AttemptStatus[]
  readonly items: readonly ItemBrief[]
}

interface AttemptCounts {
  readonly started: number
  readonly completed: number
  readonly failed: number
  readonly timeout: number
  readonly cancelled: number
  readonly requeued: number
}

interface MedianAndMax {
  readonly median: number | null
  readonly max: number | null
}

/** So many items of a task are listed: those that have not ended first, then the last ones that have. */
const MOST_ITEMS = 20

/** A task; null: this run has none of this name. */
export function taskDetail(state: RunView, name: TaskName, options: DetailOptions): TaskDetail | null {
  const status = statusOf(state, options)
  const counts = status?.tasks.find(task => task.name === name)
  const task = state.tasks.get(name)
  if (!status || !counts || !task) return null
  const record = options.history.tasks.get(name)
  const failure = options.details.lastFailures.get(name)
  const outcomes = record?.outcomes ?? { completed: 0, failed: 0, timeout: 0, cancelled: 0, requeued: 0 }
  const active = status.attempts.filter(attempt => attempt.task === name)
  // What an interrupted launch left running is pending for the next one.
  const cutOff = task.running.size - active.length
  return {
    schema: 1,
    kind: 'task',
    run: status.run,
    ...counts,
    queued: task.queued,
    definition: task.definition,
    attempts: { started: task.attempts, ...outcomes, requeued: outcomes.requeued + cutOff },
    waitSeconds: medianAndMax(waitSeconds(task.waits)),
    durationSeconds: medianAndMax(record === undefined ? null : waitSeconds(record.durations)),
    cpuSeconds: rounded(task.cpuSeconds),
    peakMemoryBytes: Math.round(task.peakMemoryBytes),
    waiting: status.waiting.find(waiting => waiting.task === name)?.reason ?? null,
    lastFailure:
      failure === undefined ? null : { ...failure, log: options.attemptLog?.(name, failure.attempt) ?? null },
    active,
    items: listedItems(options.history, name).map(item => itemBrief(item, status)),
  }
}

function listedItems({ items }: ItemHistory, task: TaskName): readonly ItemRecord[] {
  const own = [...items.values()].filter(({ item }) => item.task === task)
  const open = own.filter(({ endedAt }) => endedAt === null)
  const ended = own
    .filter(({ endedAt }) => endedAt !== null)
    .sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))
  return [...open, ...ended].slice(0, MOST_ITEMS)
}

function medianAndMax(values: MedianAndMax | null): MedianAndMax {
  return values === null
    ? { median: null, max: null }
    : { median: rounded(values.median ?? 0), max: rounded(values.max ?? 0) }
}

function rounded(amount: number): number {
  return Math.max(0, Number(amount.toFixed(3)))
}
