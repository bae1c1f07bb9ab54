import type { Configuration } from '../config.ts'
import { neverFits } from '../core/fit.ts'
import type { TaskDefinition } from '../core/model.ts'
import { writeStderr } from '../os/stderr.ts'
import { loadTasks } from '../tasks/load.ts'
import { javaScriptFirst } from '../tasks/module-names.ts'
import { problemsText, refusalText } from '../views/problems-text.ts'
import { neverFitNote } from '../views/summary-notes.ts'
import type { Agents } from './agents.ts'
import type { Recorder } from './recorder.ts'
import type { RunStore } from './run-store.ts'
import type { TriggerDesk } from './trigger-desk.ts'

export interface OpenTasksOptions {
  readonly recorder: Recorder
  readonly agents: Pick<Agents, 'prepare' | 'preload'>
  readonly desk: TriggerDesk
  readonly configuration: Configuration
  readonly store: RunStore
  readonly cwd: string
  /** A loader was started: its cost is odop's. */
  readonly onLoader: (pid: number) => void
  /** Other nodes will join. */
  readonly moreNodes: boolean
  /** See `Prepared`. */
  readonly sessionLeft: boolean
  readonly now: () => number
}

/** Loads the task folders in a child, records what is in them, says what is wrong with them, and starts the triggers. */
export async function openTasks(options: OpenTasksOptions): Promise<void> {
  const { recorder, agents, desk, configuration, store, cwd, now } = options
  const { tasks, problems } = await loadTasks({
    folders: configuration.tasks,
    cwd,
    mayBeMissing: !configuration.tasksAreNamed,
    settleSeconds: configuration.settleSeconds,
    // The application may keep this node busy for ever while others are idle: there loading must not wait for a core.
    inBackground: !options.moreNodes,
    ownSession: options.sessionLeft && !options.moreNodes,
    onLoader: pid => {
      options.onLoader(pid)
      // There are modules: by the time they are loaded, runners are ready.
      agents.prepare()
    },
  })
  for (const problem of problems) {
    recorder.record({ type: 'task-refused', at: now(), file: problem.file, problem: refusalText(problem) })
  }
  // Said even when the user asked for quiet: these are errors.
  writeStderr(problemsText(problems, cwd))
  for (const task of tasks) recorder.record({ type: 'task-defined', at: now(), task })
  agents.preload({ modules: modulesFor(tasks), cwd, commands: tasks.some(({ kind }) => kind === 'command') })
  // What other nodes have is not known yet; the summary says it in the end.
  const nodes = options.moreNodes ? [] : [...recorder.state.nodes.values()]
  for (const task of tasks) {
    const reason = neverFits(task, nodes, recorder.state.settings)
    if (reason !== null) recorder.note('warning', neverFitNote(task.name, reason))
  }
  await Promise.all(tasks.map(task => store.makeLogFolder(task.name)))
  await desk.open(tasks)
}

/** Those that a runner loads as the loader has done it: without variables and in the folder of the run. */
function modulesFor(tasks: readonly TaskDefinition[]): string[] {
  const plain = tasks.filter(({ env, cwd }) => cwd === null && Object.keys(env).length === 0)
  return javaScriptFirst([...new Set(plain.map(({ module }) => module))])
}
