import type { TaskName } from '../core/model.ts'
import { withoutBrokenLinks } from './links.ts'
import type { LoadedTasks, TaskProblem } from './loaded.ts'
import type { FoundTask, LoaderReport } from './loader/protocol.ts'
import { runLoader } from './loader-process.ts'
import { javaScriptFirst } from './module-names.ts'
import { findTaskFiles, type TaskFiles } from './task-files.ts'

export interface LoadOptions {
  /** Task folders, or single modules; relative to `cwd`. */
  readonly folders: readonly string[]
  /** Single files besides them, which must be there. */
  readonly files?: readonly string[]
  /** Names of tasks that the run has already: those that are loaded may name them. Default: none. */
  readonly known?: readonly TaskName[]
  /** The working directory in which modules are loaded. */
  readonly cwd: string
  /** For each module. Default: 10. */
  readonly timeLimitSeconds?: number
  /** The folders are only the default: one that is not there is no problem. Default: false. */
  readonly mayBeMissing?: boolean
  /** For triggers without a `settle` of their own. Default: 2. */
  readonly settleSeconds?: number
  /** An application runs meanwhile: the loader takes idle cores only. Default: false. */
  readonly inBackground?: boolean
  /** See `LoaderOptions`. */
  readonly ownSession?: boolean
  /** Called with the process id of each loader that is started, so that its cost can be counted as odop's. */
  readonly onLoader?: (pid: number) => void
}

/** What the task folders define, and all that is wrong with them. User code is executed in a loader child only. Never rejects. */
export async function loadTasks(options: LoadOptions): Promise<LoadedTasks> {
  const { folders, files = [], cwd, mayBeMissing = false, known = [] } = options
  const found = await findTaskFiles({ folders, files, cwd, mayBeMissing })
  const modules = found.files.length === 0 ? [] : await loadModules(found, options)
  const named = withoutDuplicates(inOrder(modules, found.files).flatMap(module => module.tasks))
  const linked = withoutBrokenLinks(named.tasks, known)
  const ofModules = modules.flatMap(module => module.problems)
  return {
    tasks: linked.tasks.map(({ definition }) => definition),
    problems: [...found.problems, ...ofModules, ...named.duplicates, ...linked.problems],
    ignored: found.ignored,
  }
}

interface LoadedModule {
  readonly file: string
  readonly tasks: readonly FoundTask[]
  readonly problems: readonly TaskProblem[]
}

/** One loader loads all modules; where one ends it, the rest goes to a new one. */
async function loadModules(
  { files, scripts }: TaskFiles,
  options: LoadOptions,
): Promise<readonly LoadedModule[]> {
  const { cwd, timeLimitSeconds = 10, settleSeconds = 2, inBackground = false, ownSession = false } = options
  const loaded: LoadedModule[] = []
  let left = [...scripts, ...(await javaScriptFirst(files.filter(file => !scripts.has(file))))]
  while (left.length > 0) {
    const request = {
      kind: 'tasks',
      files: left,
      scripts: [...scripts],
      settleSeconds,
      inBackground,
    } as const
    const { reports, failure } = await runLoader({
      request,
      cwd,
      timeLimitSeconds,
      ownSession,
      onStarted: options.onLoader,
    })
    const modules = modulesOf(reports)
    const last = modules.at(-1)
    if (last === undefined) return [...loaded, ...left.map(file => unloaded(file, failure))]
    // Ended by code that an earlier module left running: a new loader, without that one, tries again.
    const tryAgain = failure === null && modules.length > 1 && endedByAnother(last)
    loaded.push(...modules.slice(0, -1), failure === null ? last : unloaded(last.file, failure))
    left = left.slice(tryAgain ? modules.length - 1 : modules.length)
  }
  return loaded
}

function endedByAnother({ file, tasks, problems }: LoadedModule): boolean {
  return tasks.length === 0 && problems.length > 0 && problems.every(problem => problem.file !== file)
}

/** Each module that was begun, with what was reported until the next. */
function modulesOf(reports: readonly LoaderReport[]): LoadedModule[] {
  const modules: LoadedModule[] = []
  for (const report of reports) {
    if (report.type === 'begin') modules.push({ file: report.file, tasks: [], problems: [] })
    const module = modules.pop()
    if (module === undefined) continue
    modules.push(withReport(module, report))
  }
  return modules
}

function withReport(module: LoadedModule, report: LoaderReport): LoadedModule {
  switch (report.type) {
    case 'module':
      return { ...module, tasks: report.tasks, problems: [...module.problems, ...report.problems] }
    case 'problem':
      return { ...module, problems: [...module.problems, report.problem] }
    default:
      return module
  }
}

function unloaded(file: string, failure: string | null): LoadedModule {
  const message = failure ?? 'the loader did not get to it'
  const fix = 'a task module only defines tasks: do the work inside the task’s function'
  return { file, tasks: [], problems: [{ file, line: null, field: null, message, fix }] }
}

function inOrder(modules: readonly LoadedModule[], files: readonly string[]): LoadedModule[] {
  return [...modules].sort((a, b) => files.indexOf(a.file) - files.indexOf(b.file))
}

/** Of two tasks with the same name the first stays. */
function withoutDuplicates(found: readonly FoundTask[]) {
  const byName = new Map<string, FoundTask>()
  const tasks: FoundTask[] = []
  const duplicates: TaskProblem[] = []
  for (const task of found) {
    const { name, module } = task.definition
    const first = byName.get(name)
    if (first === undefined) {
      byName.set(name, task)
      tasks.push(task)
    } else {
      const message = `the name '${name}' is taken by the task in ${place(first)}`
      duplicates.push({
        file: module,
        line: task.line,
        field: 'name',
        message,
        fix: 'give one of them another `name`',
      })
    }
  }
  return { tasks, duplicates }
}

function place({ definition, line }: FoundTask): string {
  return line === null ? definition.module : `${definition.module}, line ${line}`
}
