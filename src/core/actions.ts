import type { AttemptId, AttemptOutcome, ItemId, Placement } from './model.ts'

/**
 * What `schedule` decides. An action changes nothing by itself: the engine carries it out, and what happened comes
 * back as an event.
 */
export type Action =
  | {
      readonly type: 'start'
      readonly item: ItemId
      readonly attempt: AttemptId
      readonly placement: Placement
    }
  /** Items that go to the runner of a running attempt, to start there one after the other when it has ended. */
  | {
      readonly type: 'follow'
      readonly after: AttemptId
      readonly items: readonly { readonly item: ItemId; readonly attempt: AttemptId }[]
    }
  | { readonly type: 'suspend'; readonly attempt: AttemptId; readonly reason: string }
  | { readonly type: 'resume'; readonly attempt: AttemptId }
  /** To other cores of its node; it stays suspended if it is. */
  | { readonly type: 'move'; readonly attempt: AttemptId; readonly placement: Placement }
  | {
      readonly type: 'terminate'
      readonly attempt: AttemptId
      /** The outcome that the attempt will have, unless it completes before it is gone. */
      readonly outcome: Exclude<AttemptOutcome, 'completed'>
      readonly reason: string
      /** It has to give its memory back: at once, and its item waits until as much is available as it had used. */
      readonly forMemory?: true
    }
