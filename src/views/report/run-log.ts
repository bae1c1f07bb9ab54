import type { OdopEvent } from '../../core/events.ts'
import type {
  AttemptId,
  AttemptOutcome,
  AttemptUsage,
  ItemId,
  Placement,
  TaskName,
} from '../../core/model.ts'
import type { AttemptProgress, RunView } from '../../core/state.ts'
import type { Details } from '../details.ts'
import { type Folded, fold, newFolded } from '../folded.ts'
import type { ItemHistory } from '../item-history.ts'
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
  /** How far it said last that it was; null: it did not. */
  progress: AttemptProgress | null
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
  readonly attempts: LoggedAttempt[] = []
  readonly #folded: Folded
  readonly #open = new Map<AttemptId, LoggedAttempt>()
  #queue: QueueSeries | null = null
  #countsSince = 0
  #pending = 0
  #running = 0

  constructor({ items }: RunLogOptions) {
    this.#folded = newFolded({ keepEnded: items ? Number.POSITIVE_INFINITY : 0 })
  }

  get state(): RunView {
    return this.#folded.state
  }

  get details(): Details {
    return this.#folded.details
  }

  /** Work items that have ended are there only where they were asked for. */
  get history(): ItemHistory {
    return this.#folded.history
  }

  take(event: OdopEvent): void {
    fold(this.#folded, event)
    if (event.type === 'launch-started') this.#launched(event.at)
    this.#keepAttempt(event)
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
    this.#pending = this.state.pendingCount
    this.#running = 0
  }

  #keepAttempt(event: OdopEvent): void {
    if (event.type === 'attempt-started') {
      const running = this.state.running.get(event.attempt)
      if (running?.startedAt !== event.at || this.#open.has(event.attempt)) return
      this.#start(event)
    } else if (event.type === 'attempt-progress') {
      const attempt = this.#open.get(event.attempt)
      if (attempt !== undefined) attempt.progress = this.state.running.get(event.attempt)?.progress ?? null
    } else if (event.type === 'attempt-moved') {
      this.#move(event.attempt, event.at)
    } else if (event.type === 'attempt-ended' && !this.state.running.has(event.attempt)) {
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
      launch: this.state.launches,
      placement,
      earlier: [],
      startedAt: at,
      endedAt: null,
      state: 'running',
      reason: null,
      usage: null,
      progress: null,
    }
    this.attempts.push(logged)
    this.#open.set(attempt, logged)
  }

  #move(id: AttemptId, at: number): void {
    const attempt = this.#open.get(id)
    const placement = this.state.running.get(id)?.placement
    if (attempt === undefined || placement === undefined || placement === attempt.placement) return
    attempt.earlier.push({ until: at, placement: attempt.placement })
    attempt.placement = placement
  }

  #count(at: number): void {
    const { pendingCount, running } = this.state
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
