import { followerCancelled } from './followers.ts'
import { dequeue, enqueue } from './queue.ts'
import type { ItemState, RunState, TaskState } from './run-state.ts'

/** An item that does not run is over without having been carried out. */
export function cancelItem(state: RunState, task: TaskState, item: ItemState): void {
  if (item.follows === null) dequeue(state, task, item, null)
  else followerCancelled(state, task, item.follows, item.id)
  forget(task, item)
}

/** Of a task that was removed. */
export function cancelPending(state: RunState, task: TaskState): void {
  for (const item of [...state.items.values()])
    if (item.task === task.name && item.runningAs === null) cancelItem(state, task, item)
}

/** An item whose attempt is over without an outcome waits again, unless its task was removed meanwhile. */
export function pendingAgain(state: RunState, task: TaskState, item: ItemState): void {
  if (!state.removed.has(task.name)) {
    enqueue(state, task, item)
    return
  }
  state.items.delete(item.id)
  forget(task, item)
}

function forget(task: TaskState, item: ItemState): void {
  task.memoryUsed.delete(item.id)
  task.ended.cancelled += 1
}
