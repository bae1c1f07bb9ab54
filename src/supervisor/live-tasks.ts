import { removalProblem, takenNames } from '../core/task-names.ts'
import { loadTasks } from '../tasks/load.ts'
import { addedText, refusedText, removedText } from '../views/changed-tasks-text.ts'
import type { Attempts } from './attempts.ts'
import type { ControlReply, TasksAddRequest, TasksRemoveRequest } from './control-protocol.ts'
import { defineTasks, loadOptions, type OpenTasksOptions } from './tasks.ts'

export interface ChangeTasksOptions extends OpenTasksOptions {
  readonly attempts: Pick<Attempts, 'terminate'>
  /** False: this launch only measures. */
  readonly executes: boolean
  /** The task folders have been loaded. */
  readonly tasksAreOpen: Promise<void>
}

export function changeTasks(
  request: TasksAddRequest | TasksRemoveRequest,
  options: ChangeTasksOptions,
): Promise<ControlReply> {
  return request.type === 'tasks-add' ? addTasks(request, options) : removeTask(request, options)
}

/** `odop tasks add` in a live run: as at its start, and for its later launches. */
async function addTasks({ files }: TasksAddRequest, options: ChangeTasksOptions): Promise<ControlReply> {
  const { recorder, now } = options
  if (!options.executes) return { ok: false, problem: 'this launch only measures: it executes no tasks' }
  await options.tasksAreOpen
  const loaded = await loadTasks({ ...loadOptions(options), folders: [], files })
  const { free, taken } = takenNames(loaded.tasks, recorder.state)
  if (free.length > 0) {
    const modules = [...new Set(free.map(({ module }) => module))]
    recorder.record({ type: 'tasks-added', at: now(), files: modules, tasks: free.map(({ name }) => name) })
    await defineTasks(free, options)
  }
  const text = addedText(free)
  const refused = refusedText(loaded.problems, taken, options.cwd)
  return refused === null ? { ok: true, text } : { ok: false, problem: `${refused}${text}` }
}

/** `odop tasks remove` in a live run. */
async function removeTask(
  { task: name, now: atOnce }: TasksRemoveRequest,
  options: ChangeTasksOptions,
): Promise<ControlReply> {
  const { recorder, attempts, now } = options
  await options.tasksAreOpen
  const problem = removalProblem(name, recorder.state)
  if (problem !== null) return { ok: false, problem }
  const pending = recorder.state.tasks.get(name)?.pendingCount ?? 0
  const running = [...(recorder.state.tasks.get(name)?.running ?? [])]
  recorder.record({ type: 'task-removed', at: now(), task: name })
  options.desk.remove(name)
  const reason = 'its task was removed (odop tasks remove)'
  if (atOnce) for (const attempt of running) attempts.terminate(attempt, { outcome: 'cancelled', reason })
  return { ok: true, text: removedText({ name, pending, running: running.length, atOnce }) }
}
