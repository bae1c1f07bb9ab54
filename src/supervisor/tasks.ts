import type { Configuration } from '../config.ts'
import { neverFits } from '../core/fit.ts'
import type { TaskDefinition, TaskName } from '../core/model.ts'
import type { RunState } from '../core/state.ts'
import { writeStderr } from '../os/stderr.ts'
import { type LoadOptions, loadTasks } from '../tasks/load.ts'
import type { LoadedTasks } from '../tasks/loaded.ts'
import { javaScriptFirst } from '../tasks/module-names.ts'
import { problemsText, refusalText } from '../views/problems-text.ts'
import { neverFitNote } from '../views/summary-notes.ts'
import type { Agents } from './agents.ts'
import type { Recorder } from './recorder.ts'
import type { RunStore } from './run-store.ts'
import type { TriggerDesk } from './trigger-desk.ts'

/** Where tasks are. */
export interface TaskPlaces {
  /** Folders or single modules; relative to `cwd`. */
  readonly folders: readonly string[]
  /** Single modules and scripts that were added to the run. */
  readonly files?: readonly string[]
  /** They are only the default. */
  readonly mayBeMissing: boolean
}

export interface OpenTasksOptions {
  readonly recorder: Recorder
  readonly agents: Pick<Agents, 'prepare' | 'preload'>
  readonly desk: TriggerDesk
  readonly configuration: Configuration
  readonly store: Pick<RunStore, 'makeLogFolder'>
  readonly cwd: string
  /** A loader was started: its cost is odop's. */
  readonly onLoader: (pid: number) => void
  /** Other nodes will join. */
  readonly moreNodes: boolean
  /** See `Prepared`. */
  readonly sessionLeft: boolean
  readonly now: () => number
}

/**
 * Loads task folders in a child, records what is in them, says what is wrong with them, and starts the triggers. Of what is in
 * them, and of what can't be used.
 */
export async function openTasks(options: OpenTasksOptions & TaskPlaces): Promise<LoadedTasks> {
  const { recorder, cwd, now } = options
  const { state } = recorder
  const loaded = await loadTasks({
    ...loadOptions(options),
    folders: options.folders,
    files: options.files ?? [],
    mayBeMissing: options.mayBeMissing,
  })
  const { tasks, problems } = withoutTaken(loaded, state)
  for (const problem of problems) {
    recorder.record({ type: 'task-refused', at: now(), file: problem.file, problem: refusalText(problem) })
  }
  // Said even when the user asked for quiet: these are errors.
  writeStderr(problemsText(problems, cwd))
  for (const { name } of tasks.filter(task => state.removed.has(task.name)))
    recorder.note('info', `${name} is left out: it was removed from this run (odop tasks remove)`)
  const kept = tasks.filter(task => !state.removed.has(task.name))
  await defineTasks(kept, options)
  return { ...loaded, tasks: kept, problems }
}

/** How modules are loaded beside a running application. */
export function loadOptions(options: OpenTasksOptions): Omit<LoadOptions, 'folders'> {
  return {
    others: namesOf(options.recorder.state),
    cwd: options.cwd,
    settleSeconds: options.configuration.settleSeconds,
    // The application may keep this node busy for ever while others are idle: there loading must not wait for a core.
    inBackground: !options.moreNodes,
    ownSession: options.sessionLeft && !options.moreNodes,
    onLoader: pid => {
      options.onLoader(pid)
      // There are modules: by the time they are loaded, runners are ready.
      options.agents.prepare()
    },
  }
}

/** What can be named: also what was removed, which has nothing left to do. */
function namesOf({ tasks, removed }: RunState): TaskName[] {
  return [...tasks.values()].flatMap(({ name, definition }) =>
    definition !== null || removed.has(name) ? [name] : [],
  )
}

/** From here on the run has these tasks. */
export async function defineTasks(
  tasks: readonly TaskDefinition[],
  options: OpenTasksOptions,
): Promise<void> {
  const { recorder, agents, desk, store, cwd, now } = options
  for (const task of tasks) recorder.record({ type: 'task-defined', at: now(), task })
  const all = [...recorder.state.tasks.values()].flatMap(({ definition }) => definition ?? [])
  const commands = all.some(({ kind }) => kind !== 'function')
  agents.preload({ modules: await modulesFor(all), cwd, commands })
  // What other nodes have is not known yet; the summary says it in the end.
  if (!options.moreNodes) noteNeverFitting(recorder, () => true)
  await Promise.all(tasks.map(task => store.makeLogFolder(task.name)))
  await desk.open(tasks)
}

/** What is added later must not take the place of a task that is there. */
function withoutTaken(
  { tasks, problems }: LoadedTasks,
  state: RunState,
): Pick<LoadedTasks, 'tasks' | 'problems'> {
  const isTaken = ({ name }: TaskDefinition) => (state.tasks.get(name)?.definition ?? null) !== null
  const refused = tasks.filter(isTaken).map(({ name, module }) => ({
    file: module,
    line: null,
    field: 'name',
    message: `this run has a task named '${name}' already`,
    fix: 'give one of them another `name`',
  }))
  return { tasks: tasks.filter(task => !isTaken(task)), problems: [...problems, ...refused] }
}

/** Warns of those tasks that never fit what is known of the nodes by now. */
export function noteNeverFitting(recorder: Recorder, concerns: (task: TaskDefinition) => boolean): void {
  const { tasks, nodes, settings } = recorder.state
  for (const { definition } of tasks.values()) {
    if (definition === null || !concerns(definition)) continue
    const reason = neverFits(definition, [...nodes.values()], settings)
    if (reason !== null) recorder.note('warning', neverFitNote(definition.name, reason))
  }
}

/** Those that a runner loads as the loader has done it: without variables and in the folder of the run. */
function modulesFor(tasks: readonly TaskDefinition[]): Promise<string[]> {
  const plain = tasks.filter(
    ({ kind, env, cwd, gpus }) =>
      kind !== 'script' && cwd === null && gpus === undefined && Object.keys(env).length === 0,
  )
  return javaScriptFirst([...new Set(plain.map(({ module }) => module))])
}
