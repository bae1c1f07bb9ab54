import type { AttemptEnded, ItemQueued, LaunchStarted, OdopEvent } from '../core/events.ts'
import { itemNumber, itemOf } from '../core/ids.ts'
import type { AttemptId, AttemptOutcome, ItemId, Placement, TaskName, WorkItem } from '../core/model.ts'
import { addWait, newWaits, type Waits } from '../core/waits.ts'

/** What became of work items one by one, which the state only counts: for views of tasks and items. */
export interface ItemHistory {
  /** In the order in which they were queued; of those that have ended only the last ones, see `keepEnded`. */
  readonly items: Map<ItemId, ItemRecord>
  readonly tasks: Map<TaskName, TaskRecord>
  readonly options: HistoryOptions
  /** Items queued so far, those that are not kept included. */
  queued: number
  /** Ids of kept items that have ended, the oldest first. */
  readonly ended: ItemId[]
}

export interface HistoryOptions {
  /** So many items that have ended are kept: a run may last for days. */
  readonly keepEnded: number
  /** Only this item is kept; missing: all are. */
  readonly only?: ItemId
}

export interface ItemRecord {
  readonly item: WorkItem
  /** Its place among all items of the run, from 1. */
  readonly sequence: number
  readonly attempts: AttemptRecord[]
  /** Milliseconds since the epoch; null: it has not ended. */
  endedAt: number | null
  outcome: Exclude<AttemptOutcome, 'requeued'> | null
  /** Why it was cancelled before it ran; null: it was not. */
  cancelReason: string | null
  /** It is pending, but not before this time; null: it may start at once. */
  retryAt: number | null
}

export interface AttemptRecord {
  readonly attempt: AttemptId
  readonly startedAt: number
  placement: Placement
  /** null: it has not ended. */
  end: Pick<AttemptEnded, 'at' | 'outcome' | 'reason' | 'usage'> | null
  suspensions: number
  suspendedSeconds: number
  suspendedSince: number | null
  suspendReason: string | null
}

/** Of all attempts of a task, those of items that are not kept included. */
export interface TaskRecord {
  readonly outcomes: Record<AttemptOutcome, number>
  /** How long attempts took that completed, in seconds without suspensions. */
  readonly durations: Waits
}

export function newHistory(options: HistoryOptions): ItemHistory {
  return { items: new Map(), tasks: new Map(), options, queued: 0, ended: [] }
}

/** Makes an event part of the history, as `apply` does for the state; what makes no sense is ignored as there. */
export function addHistory(history: ItemHistory, event: OdopEvent): void {
  switch (event.type) {
    case 'launch-started':
      launchStarted(history, event)
      return
    case 'item-queued':
      itemQueued(history, event)
      return
    case 'item-cancelled': {
      const record = history.items.get(event.item)
      if (record === undefined || record.endedAt !== null) return
      record.cancelReason = event.reason
      itemEnded(history, record, { at: event.at, outcome: 'cancelled' })
      return
    }
    case 'item-completed': {
      const record = history.items.get(event.item)
      if (record === undefined || record.endedAt !== null) return
      itemEnded(history, record, { at: event.at, outcome: 'completed' })
      return
    }
    case 'attempt-started': {
      const { attempt, at: startedAt, placement } = event
      const none = {
        end: null,
        suspensions: 0,
        suspendedSeconds: 0,
        suspendedSince: null,
        suspendReason: null,
      }
      history.items.get(event.item)?.attempts.push({ attempt, startedAt, placement, ...none })
      return
    }
    case 'attempt-suspended':
      suspended(runningAttempt(history, event.attempt), event)
      return
    case 'attempt-resumed':
      resumed(runningAttempt(history, event.attempt), event.at)
      return
    case 'attempt-moved': {
      const moved = runningAttempt(history, event.attempt)
      if (moved !== null) moved.placement = event.placement
      return
    }
    case 'attempt-ended':
      attemptEnded(history, event)
      return
    default:
      return
  }
}

/** What an earlier launch left running has been requeued without an event of its own. */
function launchStarted(history: ItemHistory, { at }: LaunchStarted): void {
  const usage = { wallSeconds: 0, cpuSeconds: 0, peakMemoryBytes: 0 }
  const end = { at, outcome: 'requeued', reason: 'odop was gone; the next launch goes on', usage } as const
  for (const { attempts } of history.items.values()) {
    const last = attempts.at(-1)
    if (last === undefined || last.end !== null) continue
    resumed(last, at)
    last.end = end
  }
}

function itemQueued(history: ItemHistory, { item }: ItemQueued): void {
  if (itemNumber(item.id) === null || history.items.has(item.id)) return
  history.queued += 1
  const { only } = history.options
  if (only !== undefined && only !== item.id) return
  history.items.set(item.id, {
    item,
    sequence: history.queued,
    attempts: [],
    endedAt: null,
    outcome: null,
    cancelReason: null,
    retryAt: null,
  })
}

function suspended(
  record: AttemptRecord | null,
  { at, reason }: { readonly at: number; readonly reason: string },
): void {
  if (record === null || record.suspendedSince !== null) return
  record.suspensions += 1
  record.suspendedSince = at
  record.suspendReason = reason
}

function resumed(record: AttemptRecord | null, at: number): void {
  if (record === null || record.suspendedSince === null) return
  record.suspendedSeconds += Math.max(0, at - record.suspendedSince) / 1000
  record.suspendedSince = null
  record.suspendReason = null
}

function attemptEnded(history: ItemHistory, event: AttemptEnded): void {
  const task = taskRecord(history, event.task)
  task.outcomes[event.outcome] += 1
  if (event.outcome === 'completed' && !event.upToDate) addWait(task.durations, event.usage.wallSeconds)
  const item = history.items.get(event.item)
  const attempt = runningAttempt(history, event.attempt)
  if (item === undefined || attempt === null) return
  resumed(attempt, event.at)
  const { at, outcome, reason, usage, retryAt } = event
  attempt.end = { at, outcome, reason, usage }
  item.retryAt = retryAt
  if (outcome === 'requeued' || (retryAt !== null && (outcome === 'failed' || outcome === 'timeout'))) return
  itemEnded(history, item, { at, outcome })
}

function itemEnded(
  history: ItemHistory,
  record: ItemRecord,
  { at, outcome }: { readonly at: number; readonly outcome: Exclude<AttemptOutcome, 'requeued'> },
): void {
  record.endedAt = at
  record.outcome = outcome
  record.retryAt = null
  history.ended.push(record.item.id)
  const { keepEnded } = history.options
  // In steps, because removing from the head of a long list costs as much as the list is long.
  if (history.ended.length < keepEnded * 1.1 + 1) return
  for (const id of history.ended.splice(0, history.ended.length - keepEnded)) history.items.delete(id)
}

/** null: it is not kept, or has ended. */
function runningAttempt(history: ItemHistory, attempt: AttemptId): AttemptRecord | null {
  const last = history.items.get(itemOf(attempt))?.attempts.at(-1)
  return last?.attempt === attempt && last.end === null ? last : null
}

function taskRecord(history: ItemHistory, name: TaskName): TaskRecord {
  const known = history.tasks.get(name)
  if (known !== undefined) return known
  const outcomes = { completed: 0, failed: 0, timeout: 0, cancelled: 0, requeued: 0 }
  const record = { outcomes, durations: newWaits() }
  history.tasks.set(name, record)
  return record
}
