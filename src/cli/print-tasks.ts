import { loadConfiguration } from '../config.ts'
import { writeStderr } from '../os/stderr.ts'
import { loadTasks } from '../tasks/load.ts'
import { printable } from '../views/printable.ts'
import { configurationProblemText, problemCountText, problemsText } from '../views/problems-text.ts'
import { tasksText } from '../views/tasks-text.ts'
import { print } from './print.ts'

export interface PrintTasksRequest {
  readonly action: string
  /** Empty: `./tasks`. */
  readonly folders: readonly string[]
  readonly json: boolean
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** `odop tasks check`: exit code 1 when something is wrong. `odop tasks list` tells what is right. */
export async function printTasks(request: PrintTasksRequest): Promise<number> {
  const { action, folders, json, cwd, environment } = request
  if (action !== 'check' && action !== 'list') {
    writeStderr(`odop: expected 'odop tasks check' or 'odop tasks list', got '${action}'\n`)
    return 2
  }
  const loaded = await loadTasks({ folders: folders.length > 0 ? folders : ['tasks'], cwd })
  const { tasks, problems } = loaded
  if (json) print(`${JSON.stringify(loaded, null, 2)}\n`)
  else if (tasks.length > 0) print(tasksText(tasks, cwd, { width: 100, colour: false }))
  if (!json) writeStderr(problemsText(problems, cwd))
  if (action === 'list') return 0
  writeStderr(await configurationText({ cwd, environment }))
  if (!json)
    print(
      `${tasks.length} ${tasks.length === 1 ? 'task' : 'tasks'}, ${problems.length === 0 ? 'no problems' : problemCountText(problems)}\n`,
    )
  return problems.length === 0 ? 0 : 1
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
