import { neverFits } from '../core/fit.ts'
import type { TaskDefinition, TaskName } from '../core/model.ts'
import type { RunView, TaskState, View } from '../core/state.ts'
import { renderLines, type TextOptions, usableWidth } from './lines.ts'
import { printable } from './printable.ts'
import { shortPath } from './problems-text.ts'
import { type Column, tableLines } from './table.ts'
import { cpusText, triggerText } from './tasks-text.ts'

/** A task of a run, as `odop tasks list RUN` tells it. */
export interface RunTask {
  readonly name: TaskName
  /**
   * - `defined`: the last launch had it
   * - `impossible`: the same, but no node has what it needs
   * - `removed`: by `odop tasks remove`
   * - `missing`: the last launch did not have it
   */
  readonly state: 'defined' | 'impossible' | 'removed' | 'missing'
  readonly pending: number
  readonly running: number
  readonly completed: number
  readonly failed: number
  readonly timeout: number
  readonly cancelled: number
  /** null: it is missing or removed. */
  readonly definition: TaskDefinition | null
}

export function runTasks(state: RunView): readonly RunTask[] {
  return [...state.tasks.values()].map(task => ({
    name: task.name,
    state: stateOf(task, state),
    pending: task.pendingCount + task.followingCount,
    running: task.running.size,
    ...task.ended,
    definition: task.definition,
  }))
}

function stateOf({ name, definition }: View<TaskState>, state: RunView): RunTask['state'] {
  if (definition === null) return state.removed.has(name) ? 'removed' : 'missing'
  return neverFits(definition, [...state.nodes.values()], state.settings) === null ? 'defined' : 'impossible'
}

export function runTasksText(tasks: readonly RunTask[], cwd: string, options: TextOptions): string {
  if (tasks.length === 0) return renderLines([['This run has no tasks.']], options)
  return renderLines(tableLines(tasks, columns(cwd), usableWidth(options)), options)
}

function columns(cwd: string): readonly Column<RunTask>[] {
  const defined = (text: (definition: TaskDefinition) => string) => (task: RunTask) =>
    task.definition === null ? '-' : text(task.definition)
  return [
    { head: 'Task', align: 'left', text: task => printable(task.name) },
    { head: 'State', align: 'left', text: task => task.state },
    { head: 'Pending', align: 'right', text: task => String(task.pending) },
    { head: 'Running', align: 'right', text: task => String(task.running) },
    { head: 'Completed', align: 'right', text: task => String(task.completed) },
    { head: 'Failed', align: 'right', text: task => String(task.failed + task.timeout) },
    { head: 'Cancelled', align: 'right', text: task => String(task.cancelled) },
    { head: 'Cpus', align: 'right', text: defined(cpusText) },
    { head: 'Trigger', align: 'left', flexible: true, text: defined(({ trigger }) => triggerText(trigger)) },
    {
      head: 'Module',
      align: 'left',
      flexible: true,
      text: defined(({ module }) => printable(shortPath(module, cwd))),
    },
  ]
}
