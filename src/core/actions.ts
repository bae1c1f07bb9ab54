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
  | { readonly type: 'suspend'; readonly attempt: AttemptId; readonly reason: string }
  | { readonly type: 'resume'; readonly attempt: AttemptId }
  | {
      readonly type: 'terminate'
      readonly attempt: AttemptId
      /** The outcome that the attempt will have, unless it completes before it is gone. */
      readonly outcome: Exclude<AttemptOutcome, 'completed'>
      readonly reason: string
    }
