import type { Snapshot, TaskDefinition } from '../model.ts'
import { applicationRuns, type RunView, type TaskState, type View } from '../run-state.ts'

/**
 * How much more must be available than an attempt had used when it was ended for memory, before its task is tried
 * again: between the two the application's memory may go up and down without an attempt being ended each time.
 */
const ROOM_TO_TRY_AGAIN = 1.25

/** The most that an unfinished item of the task had used when its attempt was ended for memory; null: none was. */
export function usedWhenShort({ memoryUsed }: View<TaskState>): number | null {
  return memoryUsed.size === 0 ? null : Math.max(...memoryUsed.values())
}

/** What is kept for an attempt of the task: its limit, or what it is known to need. */
export function reservedMemory(definition: TaskDefinition | null, task: View<TaskState>): number {
  return Math.max(definition?.memoryBytes ?? 0, (usedWhenShort(task) ?? 0) * ROOM_TO_TRY_AGAIN)
}

/**
 * A task's definition as placement sees it: while items of it wait because memory was short, every item of the task
 * needs as much as those, so that they do not fill the memory one after the other only to be ended.
 */
export function withMemoryNeed(
  state: RunView,
  snapshot: Snapshot,
  definition: TaskDefinition,
): TaskDefinition {
  const task = state.tasks.get(definition.name)
  if (task === undefined || task.memoryUsed.size === 0) return definition
  const needed = Math.min(reservedMemory(definition, task), mostToWaitFor(state, snapshot))
  return { ...definition, memoryBytes: Math.max(definition.memoryBytes ?? 0, needed) }
}

/** While the application runs it may give memory back; after that an empty node has all that there will ever be. */
function mostToWaitFor(state: RunView, { nodes }: Snapshot): number {
  if (applicationRuns(state)) return Number.POSITIVE_INFINITY
  const empty = nodes.filter(({ node }) => (state.loads.get(node)?.attempts.size ?? 0) === 0)
  const most = Math.max(0, ...empty.map(({ availableMemoryBytes }) => availableMemoryBytes))
  return most > 0 ? most : Number.POSITIVE_INFINITY
}
