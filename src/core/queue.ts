import { ascending, pop, push } from './heap.ts'
import type { NodeName } from './model.ts'
import type { BoundItems, ItemState, RunState, RunView, TaskState, View } from './run-state.ts'

/**
 * The pending items of a task, in the order in which they could start: by `readyAt`, then by number. Those that are bound to a
 * node are in a queue of that node, so that what can't start there never stands before what can.
 *
 * A requeued item keeps its `readyAt` and so comes before newer ones; a retried one has it in the future, so the
 * queue doubles as the list of those that wait. An entry of the heap counts as long as `state.items` holds this very
 * object: leaving the queue costs nothing, and what has left is dropped when it surfaces.
 */
const before = (a: ItemState, b: ItemState) =>
  a.readyAt < b.readyAt || (a.readyAt === b.readyAt && a.number < b.number)

/** The item is pending from here on. */
export function enqueue(state: RunState, task: TaskState, item: ItemState): void {
  state.items.set(item.id, item)
  state.pendingCount += 1
  task.pendingCount += 1
  if (item.node !== null) boundTo(task, item.node).pendingCount += 1
  if (mayEverStart(task, item)) push(queueOf(task, item), item, before)
}

/** The item was pending and is not any more; `running` is what it is now, null when it has ended. */
export function dequeue(state: RunState, task: TaskState, item: ItemState, running: ItemState | null): void {
  if (running === null) state.items.delete(item.id)
  else state.items.set(item.id, running)
  state.pendingCount -= 1
  task.pendingCount -= 1
  if (item.node !== null) boundTo(task, item.node).pendingCount -= 1
  dropSurfaced(state, queueOf(task, item))
}

export function boundTo(task: TaskState, node: NodeName): BoundItems {
  const bound = task.bound.get(node) ?? { queue: [], pendingCount: 0, lastStartedAt: null, lastTurn: 0 }
  task.bound.set(node, bound)
  return bound
}

function queueOf(task: TaskState, { node }: ItemState): ItemState[] {
  return node === null ? task.queue : boundTo(task, node).queue
}

/** With another `maxRuns` other items may start. */
export function limitQueue(state: RunState, task: TaskState, maxRuns: number | null): void {
  if (task.queueLimit === maxRuns) return
  task.queueLimit = maxRuns
  task.queue.length = 0
  for (const { queue } of task.bound.values()) queue.length = 0
  if (task.pendingCount === 0) return
  for (const item of state.items.values()) {
    const pending = item.task === task.name && item.runningAs === null && item.follows === null
    if (pending && mayEverStart(task, item)) push(queueOf(task, item), item, before)
  }
}

/** The items of a queue that could start now, the first one first; costs only what is taken from it. */
export function* dueItems(
  state: RunView,
  { queue }: Pick<View<TaskState>, 'queue'>,
  now: number,
): Generator<ItemState, undefined> {
  for (const item of ascending(queue as readonly ItemState[], before)) {
    if (state.items.get(item.id) !== item) continue
    if (waitsForRetry(item, now)) return
    yield item
  }
}

/** The first of them; null: none could. */
export function firstDue({ queue }: Pick<View<TaskState>, 'queue'>, now: number): ItemState | null {
  // What is on top of a queue is pending.
  const top = queue[0] as ItemState | undefined
  return top === undefined || waitsForRetry(top, now) ? null : top
}

/**
 * When the first pending item may start; null: none may. In the past, unless all wait for a retry. Items that are bound to a
 * node which has not joined do not count.
 */
export function nextReadyAt(state: RunView, task: View<TaskState>): number | null {
  let first = task.queue[0]?.readyAt ?? null
  for (const [node, { queue }] of task.bound) {
    const readyAt = queue[0]?.readyAt
    if (readyAt === undefined || !state.nodes.has(node)) continue
    if (first === null || readyAt < first) first = readyAt
  }
  return first
}

/** Nodes to which pending items are bound and which have not joined this launch, with how many there are. */
export function boundElsewhere(state: RunView, task: View<TaskState>): [NodeName, number][] {
  return [...task.bound].flatMap(([node, { pendingCount }]): [NodeName, number][] =>
    pendingCount > 0 && !state.nodes.has(node) ? [[node, pendingCount]] : [],
  )
}

/** Whether this very item could start now: it is pending, not waiting for a retry, and among those that a run takes. */
export function isDue(task: View<TaskState>, item: View<ItemState>, now: number): boolean {
  const pending = item.runningAs === null && item.follows === null
  return pending && !waitsForRetry(item, now) && mayEverStart(task, item)
}

/** Only a retry waits: an item with a `queuedAt` in the future comes from a clock that was set back. */
function waitsForRetry(item: View<ItemState>, now: number): boolean {
  return item.failures > 0 && item.readyAt > now
}

/** `maxRuns` is about items: the first N of a run are those that run. */
function mayEverStart(task: Pick<TaskState, 'queueLimit'>, item: View<ItemState>): boolean {
  return task.queueLimit === null || item.number <= task.queueLimit
}

function dropSurfaced(state: RunState, queue: ItemState[]): void {
  for (let top = queue[0]; top !== undefined && state.items.get(top.id) !== top; top = queue[0]) {
    pop(queue, before)
  }
}
