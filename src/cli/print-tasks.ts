import { existsSync } from 'node:fs'
import path from 'node:path'
import { loadConfiguration } from '../config.ts'
import { listRuns } from '../journal/list-runs.ts'
import { runPaths } from '../journal/run-paths.ts'
import { writeStderr } from '../os/stderr.ts'
import { loadTasks } from '../tasks/load.ts'
import { printable } from '../views/printable.ts'
import { configurationProblemText, problemCountText, problemsText } from '../views/problems-text.ts'
import { runTasks, runTasksText } from '../views/run-tasks-text.ts'
import { noSuchRunText } from '../views/runs-text.ts'
import { ignoredText, scriptsText, tasksText } from '../views/tasks-text.ts'
import { print } from './print.ts'
import { readRun } from './read-run.ts'
import { terminal } from './terminal.ts'

export interface PrintTasksRequest {
  readonly action: string
  /** Folders or files, or for `list` a run; empty: `./tasks`. */
  readonly names: readonly string[]
  readonly json: boolean
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** `odop tasks check`: exit code 1 when something is wrong. `odop tasks list` tells what is right. */
export async function printTasks(request: PrintTasksRequest): Promise<number> {
  const { action, names, json, cwd, environment } = request
  if (action !== 'check' && action !== 'list') {
    writeStderr(`odop: expected 'odop tasks check', 'list', 'add' or 'remove', got '${action}'\n`)
    return 2
  }
  const [only = ''] = names
  if (action === 'list' && names.length === 1 && !existsSync(path.resolve(cwd, only)))
    return printTasksOf(only, request)
  const loaded = await loadTasks({ folders: names.length > 0 ? names : ['tasks'], cwd })
  const { tasks, problems, ignored } = loaded
  const options = { width: 100, colour: false }
  if (json) print(`${JSON.stringify(loaded, null, 2)}\n`)
  else if (tasks.length > 0) print(tasksText(tasks, cwd, options))
  if (!json) writeStderr(problemsText(problems, cwd))
  if (action === 'list') return 0
  writeStderr(await configurationText({ cwd, environment }))
  if (!json) {
    print(scriptsText(tasks, cwd, options))
    print(ignoredText(ignored, cwd))
    print(
      `${tasks.length} ${tasks.length === 1 ? 'task' : 'tasks'}, ${problems.length === 0 ? 'no problems' : problemCountText(problems)}\n`,
    )
  }
  return problems.length === 0 ? 0 : 1
}

/** Exit code 1: there is no such run. */
async function printTasksOf(run: string, { json, cwd, environment }: PrintTasksRequest): Promise<number> {
  const { configuration } = await loadConfiguration({ cwd, environment, flags: {}, file: null })
  const { odopPath } = configuration
  const runs = await listRuns(odopPath, Date.now())
  if (!runs.some(({ name }) => name === run)) {
    writeStderr(`odop: there is no file or folder ${run} here, and ${noSuchRunText(run, runs, odopPath)}\n`)
    return 1
  }
  const { state } = await readRun(runPaths(odopPath, run))
  const tasks = runTasks(state)
  print(json ? `${JSON.stringify(tasks, null, 2)}\n` : runTasksText(tasks, cwd, terminal(environment)))
  return 0
}

/** Beside the tasks: what would be said of the configuration when they are run. */
async function configurationText({
  cwd,
  environment,
}: Pick<PrintTasksRequest, 'cwd' | 'environment'>): Promise<string> {
  const { problems, notes } = await loadConfiguration({ cwd, environment, flags: {}, file: null })
  const lines = [...notes.map(printable), ...problems.map(configurationProblemText)]
  return lines.map(line => `configuration: ${line}\n`).join('')
}
