import type { Snapshot } from '../model.ts'
import type { RunView } from '../run-state.ts'
import { planProposed } from './proposed.ts'
import { type Room, roomsOf } from './room.ts'
import { planStarts, type StartPlan } from './start.ts'

/** Decides what starts: by the policy of the settings, or by what a policy of the user's own wants. */
export function planOf(
  state: RunView,
  snapshot: Snapshot,
  now: number,
  openRooms: () => readonly Room[] = () => roomsOf(state, snapshot),
): StartPlan {
  const proposed = snapshot.proposed ?? null
  return proposed === null
    ? planStarts(state, snapshot, now, openRooms)
    : planProposed({ state, snapshot, now, proposed, openRooms })
}
