import type { TaskDefinition, TaskName } from '../core/model.ts'
import type { TaskProblem } from '../tasks/loaded.ts'
import { printable } from './printable.ts'
import { problemsText } from './problems-text.ts'
import { triggerText } from './tasks-text.ts'
import { counted } from './units.ts'

/** What `odop tasks add` has done. */
export function addedText(tasks: readonly TaskDefinition[]): string {
  return tasks.map(({ name, trigger }) => `added ${printable(name)}: ${triggerText(trigger)}\n`).join('')
}

/** What it could not add; null: nothing. */
export function refusedText(
  problems: readonly TaskProblem[],
  taken: readonly TaskDefinition[],
  cwd: string,
): string | null {
  const all = [...problems, ...taken.map(takenProblem)]
  return all.length === 0 ? null : problemsText(all, cwd)
}

function takenProblem({ name, module: file }: TaskDefinition): TaskProblem {
  const message = `the run has a task ${name} already`
  const fix = `give this one another name, or remove the other first: odop tasks remove RUN ${name}`
  return { file, line: null, field: 'name', message, fix }
}

export interface Removed {
  readonly name: TaskName
  /** Work items that were cancelled. */
  readonly pending: number
  readonly running: number
  /** What runs is ended. */
  readonly atOnce: boolean
}

/** What `odop tasks remove` has done. */
export function removedText({ name, pending, running, atOnce }: Removed): string {
  const cancelled = pending === 0 ? '' : `; ${counted(pending, 'pending work item')} cancelled`
  const what = running === 1 ? 'is ended' : 'are ended'
  const goes = running === 1 ? 'goes on to its end' : 'go on to their end'
  const runs = running === 0 ? '' : `; ${counted(running, 'attempt')} ${atOnce ? what : goes}`
  return `removed ${printable(name)}${cancelled}${runs}\n`
}
