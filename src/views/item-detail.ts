import { itemOf } from '../core/ids.ts'
import type { AttemptId, TaskName } from '../core/model.ts'
import type { RunView } from '../core/state.ts'
import type { AttemptRecord, ItemHistory, ItemRecord } from './item-history.ts'
import { type ProgressView, progressView } from './progress-text.ts'
import { type Status, type StatusOptions, statusOf } from './status.ts'

export const ITEM_STATES = [
  'pending',
  'running',
  'suspended',
  'completed',
  'failed',
  'timeout',
  'cancelled',
] as const

export type ItemStateName = (typeof ITEM_STATES)[number]

/** A work item in a list. */
export interface ItemBrief {
  readonly item: string
  readonly task: string
  readonly state: ItemStateName
  readonly fileCount: number
  /** null: it has none. */
  readonly firstFile: string | null
  readonly queued: string
  readonly ended: string | null
  readonly attempts: number
}

/** Details of a work item: what `odop status RUN --item ID --json` prints. */
export interface ItemDetail {
  readonly schema: 1
  readonly kind: 'item'
  readonly run: string
  readonly item: string
  readonly task: string
  readonly state: ItemStateName
  readonly files: readonly string[]
  readonly version: string | null
  readonly node: string | null
  readonly queued: string
  readonly ended: string | null
  readonly retryAt: string | null
  readonly reason: string | null
  readonly attempts: readonly AttemptDetail[]
}

/** One attempt at a work item. */
export interface AttemptDetail {
  readonly attempt: string
  readonly state: 'running' | 'suspended' | 'completed' | 'failed' | 'timeout' | 'cancelled' | 'requeued'
  readonly placement: readonly { readonly node: string; readonly cores: readonly number[] }[]
  readonly start: string
  readonly end: string | null
  readonly wallSeconds: number
  readonly cpuSeconds: number | null
  readonly peakMemoryBytes: number | null
  readonly suspensions: number
  readonly suspendedSeconds: number
  readonly exitCode: number | null
  readonly reason: string | null
  readonly log: string | null
  /** The last one that was recorded; null: it has not said how far it is. */
  readonly progress: ProgressView | null
}

/** An attempt by its own name: its item's, and its own details. */
export interface AttemptAnswer extends AttemptDetail {
  readonly schema: 1
  readonly kind: 'attempt'
  readonly run: string
  readonly item: string
  readonly task: string
}

export interface DetailOptions extends StatusOptions {
  readonly history: ItemHistory
  /** Absolute path of an attempt's log; null: there are no logs. */
  readonly attemptLog: ((task: TaskName, attempt: AttemptId) => string) | null
}

/** A work item; null: the history has none of this id. */
export function itemDetail(state: RunView, id: string, options: DetailOptions): ItemDetail | null {
  const status = statusOf(state, options)
  const record = options.history.items.get(id)
  if (status === null || record === undefined) return null
  const { item, attempts, endedAt, retryAt } = record
  const brief = itemBrief(record, status)
  return {
    schema: 1,
    kind: 'item',
    run: status.run,
    item: id,
    task: item.task,
    state: brief.state,
    files: item.files,
    version: item.version,
    node: item.node ?? null,
    queued: brief.queued,
    ended: isoOf(endedAt),
    retryAt: brief.state === 'pending' ? isoOf(retryAt) : null,
    reason: itemReason(record, brief.state, status),
    attempts: attempts.map(attempt => attemptDetail(attempt, record, { state, status, options })),
  }
}

/** An attempt; null: the history has none of this name. */
export function attemptAnswer(state: RunView, id: AttemptId, options: DetailOptions): AttemptAnswer | null {
  const item = itemDetail(state, itemOf(id), options)
  const attempt = item?.attempts.find(each => each.attempt === id)
  if (!item || !attempt) return null
  return { schema: 1, kind: 'attempt', run: item.run, item: item.item, task: item.task, ...attempt }
}

export function itemBrief(record: ItemRecord, status: Status): ItemBrief {
  const { item, endedAt, attempts } = record
  return {
    item: item.id,
    task: item.task,
    state: stateOf(record, status),
    fileCount: item.files.length,
    firstFile: item.files[0] ?? null,
    queued: new Date(item.queuedAt).toISOString(),
    ended: isoOf(endedAt),
    attempts: attempts.length,
  }
}

/** What was running when odop went away is pending for the next launch. */
function stateOf({ outcome, attempts }: ItemRecord, { state }: Status): ItemStateName {
  if (outcome !== null) return outcome
  const last = attempts.at(-1)
  const isOver = state === 'ended' || state === 'interrupted'
  if (last === undefined || last.end !== null || isOver) return 'pending'
  return last.suspendedSince === null ? 'running' : 'suspended'
}

/** Why it waits, was suspended, or did not complete. */
function itemReason(record: ItemRecord, state: ItemStateName, status: Status): string | null {
  const last = record.attempts.at(-1)
  switch (state) {
    case 'pending': {
      const waiting = status.waiting.find(({ task }) => task === record.item.task)?.reason ?? null
      const before = last?.end?.reason ?? null
      return [before, waiting].filter(text => text !== null).join('; ') || null
    }
    case 'suspended':
      return last?.suspendReason ?? null
    case 'running':
    case 'completed':
      return null
    default:
      return record.cancelReason ?? last?.end?.reason ?? state
  }
}

interface AttemptContext {
  readonly state: RunView
  readonly status: Status
  readonly options: DetailOptions
}

function attemptDetail(
  attempt: AttemptRecord,
  { item }: ItemRecord,
  { state, status, options }: AttemptContext,
): AttemptDetail {
  const { end, placement, startedAt, suspendedSince } = attempt
  const isOver = status.state === 'ended' || status.state === 'interrupted'
  const until = isOver ? (options.details.lastEventAt ?? startedAt) : options.now
  const suspendedNow = suspendedSince === null ? 0 : Math.max(0, until - suspendedSince) / 1000
  const suspendedSeconds = attempt.suspendedSeconds + suspendedNow
  const isCommand = state.tasks.get(item.task)?.definition?.kind === 'command'
  return {
    attempt: attempt.attempt,
    state: end?.outcome ?? (isOver ? 'requeued' : suspendedSince === null ? 'running' : 'suspended'),
    placement: [
      { node: placement.node, cores: placement.cores },
      ...(placement.others ?? []).map(({ node, cores }) => ({ node, cores })),
    ],
    start: new Date(startedAt).toISOString(),
    end: isoOf(end?.at ?? null),
    wallSeconds: rounded(end?.usage.wallSeconds ?? (until - startedAt) / 1000 - suspendedSeconds),
    cpuSeconds: end === null ? null : rounded(end.usage.cpuSeconds),
    peakMemoryBytes: end === null ? null : Math.round(end.usage.peakMemoryBytes),
    suspensions: attempt.suspensions,
    suspendedSeconds: rounded(suspendedSeconds),
    exitCode: end === null ? null : exitCodeOf(end, isCommand),
    reason: end === null ? attempt.suspendReason : end.reason,
    log: options.attemptLog?.(item.task, attempt.attempt) ?? null,
    progress: progressView(attempt.progress),
  }
}

/** The journal has it in words, see `AttemptReport.failure`. A function has none, nor has what a signal ended. */
function exitCodeOf(end: NonNullable<AttemptRecord['end']>, isCommand: boolean): number | null {
  if (end.outcome === 'completed') return isCommand ? 0 : null
  const code = /^exit code (\d+)\b/.exec(end.reason ?? '')?.[1]
  return code === undefined ? null : Number(code)
}

function isoOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}

function rounded(amount: number): number {
  return Math.max(0, Number(amount.toFixed(3)))
}
