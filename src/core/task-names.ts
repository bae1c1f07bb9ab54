import type { TaskDefinition, TaskName } from './model.ts'
import type { RunView } from './run-state.ts'

/** Tasks that a run can take in, and those whose names it has already. */
export function takenNames(
  tasks: readonly TaskDefinition[],
  state: RunView,
): { readonly free: readonly TaskDefinition[]; readonly taken: readonly TaskDefinition[] } {
  const isTaken = ({ name }: TaskDefinition) => (state.tasks.get(name)?.definition ?? null) !== null
  return { free: tasks.filter(task => !isTaken(task)), taken: tasks.filter(isTaken) }
}

/** Of the tasks that the run has at present, or had when it ended. */
export function definedNames({ tasks }: RunView): TaskName[] {
  return [...tasks.values()].flatMap(({ definition }) => definition?.name ?? [])
}

/** Why a task can't be removed from a run, as a user should read it; null: it can. */
export function removalProblem(name: TaskName, { tasks, removed }: RunView): string | null {
  if (removed.has(name)) return `${name} was removed before`
  if (tasks.has(name)) return null
  const names = [...tasks.keys()].filter(each => !removed.has(each))
  return `the run has no task ${name}${names.length === 0 ? '' : `; there is ${names.join(', ')}`}`
}
