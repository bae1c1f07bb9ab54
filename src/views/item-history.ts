import type {
  AttemptEnded,
  AttemptStarted,
  ItemQueued,
  LaunchStarted,
  OdopEvent,
  TaskRemoved,
} from '../core/events.ts'
import { itemOf } from '../core/ids.ts'
import type { AttemptId, AttemptOutcome, ItemId, Placement, TaskName, WorkItem } from '../core/model.ts'
import type { AttemptProgress, RunView } from '../core/state.ts'
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
  /** The last one that was recorded; null: it has not said how far it is. */
  progress: AttemptProgress | null
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

/** Makes an event part of the history, after `apply` has made it part of the state: what that has not accepted is not kept here either. */
export function addHistory(history: ItemHistory, event: OdopEvent, state: RunView): void {
  switch (event.type) {
    case 'launch-started':
      launchStarted(history, event)
      return
    case 'item-queued':
      if (state.items.has(event.item.id)) itemQueued(history, event)
      return
    case 'item-cancelled': {
      const record = endedNow(history, event.item, state)
      if (record !== null) itemCancelled(history, record, event)
      return
    }
    case 'item-completed': {
      const record = endedNow(history, event.item, state)
      if (record !== null) itemEnded(history, record, { at: event.at, outcome: 'completed' })
      return
    }
    case 'task-removed':
      taskRemoved(history, event, state)
      return
    case 'attempt-started':
      if (state.items.get(event.item)?.runningAs === event.attempt) attemptStarted(history, event)
      return
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
    case 'attempt-progress': {
      const told = runningAttempt(history, event.attempt)
      if (told !== null) told.progress = event
      return
    }
    case 'attempt-ended':
      attemptEnded(history, event, state)
      return
    default:
      return
  }
}

/** What an earlier launch left running has been requeued without an event of its own. */
function launchStarted(history: ItemHistory, { at }: LaunchStarted): void {
  const usage = { wallSeconds: 0, cpuSeconds: 0, peakMemoryBytes: 0 }
  const end = { at, outcome: 'requeued', reason: 'odop was gone; the next launch goes on', usage } as const
  for (const { item, attempts } of history.items.values()) {
    const last = attempts.at(-1)
    if (last === undefined || last.end !== null) continue
    resumed(last, at)
    last.end = end
    taskRecord(history, item.task).outcomes.requeued += 1
  }
}

function itemQueued(history: ItemHistory, { item }: ItemQueued): void {
  if (history.items.has(item.id)) return
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

/** The record of an item that has not ended here, but in the state; null: there is none. */
function endedNow({ items }: ItemHistory, id: ItemId, state: RunView): ItemRecord | null {
  const record = items.get(id)
  return record === undefined || record.endedAt !== null || state.items.has(id) ? null : record
}

function itemCancelled(
  history: ItemHistory,
  record: ItemRecord,
  { at, reason }: { readonly at: number; readonly reason: string },
): void {
  record.cancelReason = reason
  itemEnded(history, record, { at, outcome: 'cancelled' })
}

const TASK_REMOVED = 'its task was removed'

/** What of it runs may still end well. */
function taskRemoved(history: ItemHistory, { at, task }: TaskRemoved, state: RunView): void {
  for (const { item } of [...history.items.values()]) {
    const record = item.task === task ? endedNow(history, item.id, state) : null
    if (record !== null) itemCancelled(history, record, { at, reason: TASK_REMOVED })
  }
}

function attemptStarted(history: ItemHistory, { item, attempt, at, placement }: AttemptStarted): void {
  history.items.get(item)?.attempts.push({
    attempt,
    startedAt: at,
    placement,
    end: null,
    suspensions: 0,
    suspendedSeconds: 0,
    suspendedSince: null,
    suspendReason: null,
    progress: null,
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

function attemptEnded(history: ItemHistory, event: AttemptEnded, state: RunView): void {
  const item = history.items.get(event.item)
  const attempt = runningAttempt(history, event.attempt)
  if (item === undefined || attempt === null || state.running.has(event.attempt)) return
  const { at, outcome, reason, usage, retryAt } = event
  const task = taskRecord(history, event.task)
  task.outcomes[outcome] += 1
  if (outcome === 'completed' && !event.upToDate) addWait(task.durations, usage.wallSeconds)
  resumed(attempt, at)
  attempt.end = { at, outcome, reason, usage }
  item.retryAt = retryAt
  if (endedNow(history, event.item, state) === null) return
  const isTriedAgain =
    outcome === 'requeued' || (retryAt !== null && (outcome === 'failed' || outcome === 'timeout'))
  if (isTriedAgain) itemCancelled(history, item, { at, reason: TASK_REMOVED })
  else itemEnded(history, item, { at, outcome })
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
