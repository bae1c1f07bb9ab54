import type { Snapshot, TaskName } from './model.ts'
import { itemsLeft, type RunView, type TaskState, type View } from './run-state.ts'

type Incoming = Snapshot['incoming']

/** For what the items of a task wait, as a user should read it; null: the tasks it depends on have nothing left to do. */
export function dependencyText(state: RunView, task: View<TaskState>, incoming: Incoming): string | null {
  const dependsOn = task.definition?.dependsOn ?? null
  if (dependsOn === null) return null
  const busy = dependsOn.tasks.flatMap(name => {
    const left = leftText(state, name, incoming)
    return left === null ? [] : [{ name, left }]
  })
  if (busy.length === 0 || (dependsOn.of === 'any' && busy.length < dependsOn.tasks.length)) return null
  const names = busy.map(({ name }) => name).join(dependsOn.of === 'any' ? ' or ' : ' and ')
  const have = busy.length === 1 || dependsOn.of === 'any' ? 'has' : 'have'
  const lefts = busy.map(({ name, left }) => (busy.length === 1 ? left : `${name}: ${left}`))
  return `waits until ${names} ${have} nothing left to do (${lefts.join('; ')})`
}

/** What a task has still to do; null: nothing. An item whose attempt has failed and is tried again counts, one that has failed for good does not. */
export function leftText(state: RunView, name: TaskName, incoming: Incoming): string | null {
  const task = state.tasks.get(name)
  if (task === undefined) return null
  const waiting = task.pendingCount + task.followingCount + unqueued(task)
  const parts = [
    ...(waiting > 0 ? [`${waiting} pending`] : []),
    ...(task.running.size > 0 ? [`${task.running.size} running`] : []),
    ...(incoming?.has(name) ? ['files that are not complete yet'] : []),
  ]
  return parts.length === 0 ? null : parts.join(', ')
}

/** Items that are still to be done, queued or not. */
export function workLeft(task: View<TaskState>): number {
  return itemsLeft(task) + unqueued(task)
}

/** What has completed of the task that this one comes after, and will still be queued. */
function unqueued({ completions, definition, queued }: View<TaskState>): number {
  if (definition === null) return completions.size
  return Math.max(0, Math.min(completions.size, (definition.maxRuns ?? Number.POSITIVE_INFINITY) - queued))
}
