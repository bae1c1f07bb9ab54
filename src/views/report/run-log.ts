import type { OdopEvent } from '../../core/events.ts'
import type {
  AttemptId,
  AttemptOutcome,
  AttemptUsage,
  FilePath,
  ItemId,
  NodeName,
  Placement,
  TaskName,
} from '../../core/model.ts'
import { apply, newState, type RunState, type RunView } from '../../core/state.ts'
import { addDetails, type Details, newDetails } from '../details.ts'
import { BinnedSeries } from './binned-series.ts'

/** What became of an attempt. `cut off`: its launch ended without a word, and the item was pending again. */
export type AttemptState = AttemptOutcome | 'running' | 'cut off'

export interface LoggedAttempt {
  readonly attempt: AttemptId
  readonly item: ItemId
  readonly task: TaskName
  /** The launch of the run in which it ran, counted from 1. */
  readonly launch: number
  /** Where it ran last. */
  placement: Placement
  /** Where it was before, until when; empty for all but a few. */
  readonly earlier: { readonly until: number; readonly placement: Placement }[]
  readonly startedAt: number
  /** null: it runs, or nobody saw its end. */
  endedAt: number | null
  state: AttemptState
  reason: string | null
  /** null: it is not known (yet). */
  usage: AttemptUsage | null
}

/** Where an attempt was, and when; `end` is that of what is told, for one whose end is not known. */
export function placementsOf(
  attempt: LoggedAttempt,
  end: number,
): { readonly from: number; readonly to: number; readonly placement: Placement }[] {
  let from = attempt.startedAt
  const stays = [...attempt.earlier, { until: attempt.endedAt ?? end, placement: attempt.placement }]
  return stays.map(({ until, placement }) => {
    const stay = { from, to: until, placement }
    from = until
    return stay
  })
}

export interface LoggedItem {
  readonly id: ItemId
  readonly task: TaskName
  readonly files: readonly FilePath[]
  readonly node: NodeName | null
  readonly queuedAt: number
  firstStartedAt: number | null
  endedAt: number | null
  state: 'pending' | 'running' | 'completed' | 'failed' | 'timeout' | 'cancelled'
  attempts: number
}

/** How many work items waited and ran over the last launch. */
export interface QueueSeries {
  readonly pending: BinnedSeries
  readonly running: BinnedSeries
}

export interface RunLogOptions {
  /** Work items may be far more than attempts at a time are: they are kept only where they are asked for. */
  readonly items: boolean
}

/**
 * Follows a run through its events, as everything that is told of one does: `state` and `details` are what the summary and the
 * status are made of. Beside them it keeps what a report shows and a run's state forgets: attempts that have ended, and the queue over time.
 * What the state does not accept is not kept here either.
 */
export class RunLog {
  readonly details: Details = newDetails()
  readonly attempts: LoggedAttempt[] = []
  /** Empty unless they are asked for. */
  readonly items = new Map<ItemId, LoggedItem>()
  readonly #state: RunState = newState()
  readonly #open = new Map<AttemptId, LoggedAttempt>()
  readonly #keepsItems: boolean
  #queue: QueueSeries | null = null
  #countsSince = 0
  #pending = 0
  #running = 0

  constructor({ items }: RunLogOptions) {
    this.#keepsItems = items
  }

  get state(): RunView {
    return this.#state
  }

  take(event: OdopEvent): void {
    apply(this.#state, event)
    addDetails(this.details, event)
    if (event.type === 'launch-started') this.#launched(event.at)
    this.#keepAttempt(event)
    if (this.#keepsItems) this.#keepItem(event)
    this.#count(event.at)
  }

  /** There is nobody any more who could tell how running attempts end. */
  cutOff(): void {
    for (const attempt of this.#open.values()) attempt.state = 'cut off'
    this.#open.clear()
  }

  /** Up to the end of what is told; null: nothing was launched. */
  queue(end: number): QueueSeries | null {
    this.#close(end)
    return this.#queue
  }

  #launched(at: number): void {
    this.cutOff()
    this.#queue = { pending: new BinnedSeries(at), running: new BinnedSeries(at) }
    this.#countsSince = at
    this.#pending = this.#state.pendingCount
    this.#running = 0
  }

  #keepAttempt(event: OdopEvent): void {
    if (event.type === 'attempt-started') {
      const running = this.#state.running.get(event.attempt)
      if (running?.startedAt !== event.at || this.#open.has(event.attempt)) return
      this.#start(event)
    } else if (event.type === 'attempt-moved') {
      this.#move(event.attempt, event.at)
    } else if (event.type === 'attempt-ended' && !this.#state.running.has(event.attempt)) {
      const attempt = this.#open.get(event.attempt)
      if (attempt === undefined) return
      this.#open.delete(event.attempt)
      attempt.endedAt = event.at
      attempt.state = event.outcome
      attempt.reason = event.reason
      attempt.usage = event.usage
    }
  }

  #start({ attempt, item, task, placement, at }: Extract<OdopEvent, { type: 'attempt-started' }>): void {
    const logged: LoggedAttempt = {
      attempt,
      item,
      task,
      launch: this.#state.launches,
      placement,
      earlier: [],
      startedAt: at,
      endedAt: null,
      state: 'running',
      reason: null,
      usage: null,
    }
    this.attempts.push(logged)
    this.#open.set(attempt, logged)
  }

  #move(id: AttemptId, at: number): void {
    const attempt = this.#open.get(id)
    const placement = this.#state.running.get(id)?.placement
    if (attempt === undefined || placement === undefined || placement === attempt.placement) return
    attempt.earlier.push({ until: at, placement: attempt.placement })
    attempt.placement = placement
  }

  #keepItem(event: OdopEvent): void {
    switch (event.type) {
      case 'item-queued':
        this.#queueItem(event)
        return
      case 'attempt-started': {
        const item = this.items.get(event.item)
        if (item === undefined || this.#state.items.get(event.item)?.runningAs !== event.attempt) return
        item.firstStartedAt ??= event.at
        item.attempts += 1
        item.state = 'running'
        return
      }
      case 'attempt-ended':
        this.#endItem(event.item, event.outcome === 'requeued' ? 'pending' : event.outcome, event.at)
        return
      case 'item-cancelled':
        this.#endItem(event.item, 'cancelled', event.at)
        return
      default:
        return
    }
  }

  #queueItem({ item }: Extract<OdopEvent, { type: 'item-queued' }>): void {
    if (!this.#state.items.has(item.id) || this.items.has(item.id)) return
    const { id, task, files, node = null, queuedAt } = item
    const none = { firstStartedAt: null, endedAt: null, state: 'pending', attempts: 0 } as const
    this.items.set(id, { id, task, files, node, queuedAt, ...none })
  }

  /** One that the state still holds is tried again. */
  #endItem(id: ItemId, outcome: LoggedItem['state'], at: number): void {
    const item = this.items.get(id)
    if (item === undefined || item.endedAt !== null) return
    const held = this.#state.items.get(id)
    if (held !== undefined) {
      item.state = held.runningAs === null ? 'pending' : 'running'
      return
    }
    item.state = outcome
    item.endedAt = at
  }

  #count(at: number): void {
    const { pendingCount, running } = this.#state
    if (pendingCount === this.#pending && running.size === this.#running) return
    this.#close(at)
    this.#pending = pendingCount
    this.#running = running.size
  }

  /** What was counted held up to then. */
  #close(at: number): void {
    this.#queue?.pending.add(this.#countsSince, at, this.#pending)
    this.#queue?.running.add(this.#countsSince, at, this.#running)
    this.#countsSince = at
  }
}
