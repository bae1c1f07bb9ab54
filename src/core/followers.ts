import type { AttemptId, ItemId } from './model.ts'
import { dequeue, enqueue } from './queue.ts'
import type { Following, ItemState, RunState, TaskState } from './run-state.ts'

/**
 * Items that wait in the runner of a running attempt, to start there without a decision in between. Nothing has happened
 * to them yet, so no event tells of it: like `terminating` these are marks that the engine sets for the decisions to come.
 */

/** The item leaves the queue, and comes after what follows `lead` already. False: it can't. */
export function markFollowing(state: RunState, id: ItemId, lead: AttemptId): boolean {
  const item = state.items.get(id)
  const task = item && state.tasks.get(item.task)
  if (item === undefined || task === undefined || item.runningAs !== null || item.follows !== null)
    return false
  const following = state.following.get(lead) ?? { lead, items: [], expectedSeconds: 0 }
  dequeue(state, task, item, { ...item, follows: following })
  following.items.push(id)
  following.expectedSeconds += task.typicalSeconds ?? 0
  task.followingCount += 1
  state.following.set(lead, following)
  return true
}

/** What follows the attempt will not start in its runner: it is pending again. */
export function returnFollowers(state: RunState, lead: AttemptId): void {
  const following = state.following.get(lead)
  state.following.delete(lead)
  for (const id of following?.items ?? []) {
    const item = state.items.get(id)
    const task = item && state.tasks.get(item.task)
    if (item === undefined || task === undefined) continue
    task.followingCount -= 1
    enqueue(state, task, { ...item, follows: null })
  }
}

/** One of these has ended the runner that had them all: from here on each runs by itself, so that it shows which. */
export function markAlone(state: RunState, items: Iterable<ItemId>): void {
  for (const item of items) state.alone.add(item)
}

/** What came after the item follows it from here on. */
export function followerStarted(
  state: RunState,
  task: TaskState,
  following: Following,
  running: ItemState,
): void {
  leave(task, following, running.id)
  state.items.set(running.id, running)
  state.following.delete(following.lead)
  following.lead = running.runningAs ?? following.lead
  if (following.items.length > 0) state.following.set(following.lead, following)
}

export function followerCancelled(state: RunState, task: TaskState, following: Following, id: ItemId): void {
  leave(task, following, id)
  state.items.delete(id)
  if (following.items.length === 0) state.following.delete(following.lead)
}

function leave(task: TaskState, following: Following, id: ItemId): void {
  const at = following.items.indexOf(id)
  if (at < 0) return
  following.items.splice(at, 1)
  following.expectedSeconds = Math.max(0, following.expectedSeconds - (task.typicalSeconds ?? 0))
  task.followingCount -= 1
}
