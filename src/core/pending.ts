import type { NodeName } from './model.ts'
import { waitsForRetry } from './queue.ts'
import type { ItemState, RunView, TaskState, View } from './run-state.ts'

/** The pending items of a task, by what they wait for: each is counted once. */
export interface PendingItems {
  /** They could start, by the node to which they are bound; null: to none. */
  readonly due: ReadonlyMap<NodeName | null, number>
  /** They are bound to nodes that are not of this launch. */
  readonly elsewhere: ReadonlyMap<NodeName, number>
  /** They have failed, and wait before they are tried again. */
  readonly retrying: readonly View<ItemState>[]
  /** More than a run takes (`maxRuns`). */
  readonly beyond: number
}

/** Costs as much as items of the task are pending, so it is for who asks, not for decisions. */
export function pendingItems(state: RunView, task: View<TaskState>, now: number): PendingItems {
  const due = new Map<NodeName | null, number>()
  const elsewhere = new Map<NodeName, number>()
  const retrying: View<ItemState>[] = []
  let beyond = task.pendingCount
  const count = (queue: readonly View<ItemState>[], node: NodeName | null) => {
    for (const item of queue) {
      // A queue also holds some that have left it.
      if (state.items.get(item.id) !== item) continue
      beyond -= 1
      if (waitsForRetry(item, now)) retrying.push(item)
      else due.set(node, (due.get(node) ?? 0) + 1)
    }
  }
  count(task.queue, null)
  for (const [node, { queue, pendingCount }] of task.bound) {
    if (state.nodes.has(node)) count(queue, node)
    else if (pendingCount > 0) {
      elsewhere.set(node, pendingCount)
      beyond -= pendingCount
    }
  }
  return { due, elsewhere, retrying, beyond: Math.max(0, beyond) }
}
