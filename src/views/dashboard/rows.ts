import type { ItemState, RunView, View } from '../../core/state.ts'
import { unreachable } from '../../core/unreachable.ts'
import type { AttemptStatus, Status, TaskStatus } from '../status.ts'
import type { Scene } from './scene.ts'
import type { AttemptSort, Lists, TaskSort, Ui } from './ui.ts'

/** What the tables show, in their order: moving and drawing must agree on it. */
export interface Rows {
  readonly tasks: readonly TaskRow[]
  readonly attempts: readonly AttemptStatus[]
  /** Of the task that is open. */
  readonly items: readonly View<ItemState>[]
}

/** A task with why what is pending of it waits. */
export interface TaskRow extends TaskStatus {
  readonly reason: string
}

/** So many items of an open task are listed. */
const MOST_ITEMS = 1000

export function rowsOf({ status, told }: Pick<Scene, 'status' | 'told'>, ui: Ui): Rows {
  return {
    tasks: taskRows(status, ui),
    attempts: attemptRows(status, ui),
    items: ui.open?.kind === 'items' ? itemsOf(told.state, ui.open.task) : [],
  }
}

export function listsOf(
  { status, told }: Pick<Scene, 'status' | 'told'>,
  { tasks, attempts, items }: Rows,
): Omit<Lists, 'scrollRoom'> {
  return {
    tasks: tasks.map(({ name }) => name),
    attempts: attempts.map(({ attempt }) => attempt),
    nodes: status.nodes.map(({ name }) => name),
    items: items.map(({ id }) => id),
    logOf: task =>
      status.attempts.find(attempt => attempt.task === task)?.attempt ??
      told.details.lastFailures.get(task)?.attempt ??
      null,
  }
}

export function matches(filter: string, ...texts: readonly string[]): boolean {
  const wanted = filter.toLowerCase()
  return wanted === '' || texts.some(text => text.toLowerCase().includes(wanted))
}

function taskRows({ tasks, waiting }: Status, { filter, sorts }: Ui): TaskRow[] {
  const reasons = new Map(waiting.map(({ task, reason }) => [task, reason]))
  const rows = tasks
    .filter(({ name }) => matches(filter, name))
    .map(task => ({ ...task, reason: reasons.get(task.name) ?? '' }))
  return sorts.tasks === 'order' ? rows : rows.sort((a, b) => compareTasks(a, b, sorts.tasks))
}

function compareTasks(a: TaskRow, b: TaskRow, by: TaskSort): number {
  switch (by) {
    case 'order':
      return 0
    case 'waiting':
      return b.pending - a.pending
    case 'running':
      return b.running + b.suspended - a.running - a.suspended
    case 'completed':
      return b.completed - a.completed
    case 'failed':
      return b.failed + b.timeout - a.failed - a.timeout
    case 'name':
      return a.name < b.name ? -1 : 1
    default:
      return unreachable(by)
  }
}

function attemptRows({ attempts }: Status, { filter, sorts }: Ui): AttemptStatus[] {
  const rows = attempts.filter(({ attempt, node, state }) => matches(filter, attempt, node, state))
  return rows.sort((a, b) => compareAttempts(a, b, sorts.attempts))
}

function compareAttempts(a: AttemptStatus, b: AttemptStatus, by: AttemptSort): number {
  const longest = b.elapsedSeconds - a.elapsedSeconds
  if (by === 'task' && a.task !== b.task) return a.task < b.task ? -1 : 1
  if (by === 'node' && a.node !== b.node) return a.node < b.node ? -1 : 1
  return longest
}

function itemsOf(state: RunView, task: string): View<ItemState>[] {
  const items: View<ItemState>[] = []
  for (const item of state.items.values()) {
    if (item.task === task) items.push(item)
    if (items.length === MOST_ITEMS) break
  }
  return items.sort((a, b) => a.number - b.number)
}
