import { loadConfiguration } from '../config.ts'
import { taskOf } from '../core/ids.ts'
import type { TaskState } from '../core/state.ts'
import { listRuns } from '../journal/list-runs.ts'
import { type RunPaths, runPaths } from '../journal/run-paths.ts'
import { writeStderr } from '../os/stderr.ts'
import { askRun } from '../supervisor/control-client.ts'
import type { ControlRequest } from '../supervisor/control-protocol.ts'
import type { Explanation } from '../views/explanation.ts'
import { explanationText } from '../views/explanation-text.ts'
import { noSuchRunText } from '../views/runs-text.ts'
import { statusOf } from '../views/status.ts'
import { explainTask } from './explain-task.ts'
import { print } from './print.ts'
import { type ReadRun, readRun } from './read-run.ts'
import { terminal } from './terminal.ts'

export interface ExplainRunRequest {
  readonly run: string
  /** Also a work item or an attempt of it; null: all tasks. */
  readonly task: string | null
  readonly json: boolean
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Exit code 1: there is no such run or task. */
export async function explainRun(request: ExplainRunRequest): Promise<number> {
  const { cwd, environment, run, json } = request
  const { configuration } = await loadConfiguration({ cwd, environment, flags: {}, file: null })
  const runs = await listRuns(configuration.odopPath, Date.now())
  const listed = runs.find(({ name }) => name === run)
  if (listed === undefined) return refuse(noSuchRunText(run, runs, configuration.odopPath))
  const paths = runPaths(configuration.odopPath, run)
  const read = await readRun(paths)
  const tasks = askedTasks(read, request.task)
  if (tasks === null) return refuse(noSuchTaskText(run, request.task ?? '', [...read.state.tasks.keys()]))
  const explanations = await explainTasks({ tasks, read, paths, alive: listed.state === 'live' })
  if (json)
    print(`${JSON.stringify({ schema: 1, run, state: listed.state, tasks: explanations }, null, 2)}\n`)
  else print(explanationText(explanations, terminal(environment)))
  return 0
}

function refuse(problem: string): number {
  writeStderr(`odop: ${problem}\n`)
  return 1
}

/** null: there is no such task. */
function askedTasks({ state }: ReadRun, asked: string | null): TaskState[] | null {
  if (asked === null) return [...state.tasks.values()]
  const task = state.tasks.get(asked) ?? state.tasks.get(taskOf(asked))
  return task === undefined ? null : [task]
}

function noSuchTaskText(run: string, task: string, names: readonly string[]): string {
  return `${run} has no task ${task}${names.length === 0 ? '' : `; there is: ${names.join(', ')}`}`
}

interface ExplainTasks {
  readonly tasks: readonly TaskState[]
  readonly read: ReadRun
  readonly paths: RunPaths
  readonly alive: boolean
}

async function explainTasks({ tasks, read, paths, alive }: ExplainTasks): Promise<Explanation[]> {
  const { state, details } = read
  const status = statusOf(state, { now: Date.now(), alive, details, snapshot: null })
  const explanations: Explanation[] = []
  let answers = alive
  // One that does not answer is not asked again for each task.
  const ask = async (request: ControlRequest) => {
    const reply = answers ? await askRun(paths.controlSocket, request) : null
    answers = reply !== null
    return reply
  }
  for (const task of tasks) {
    explanations.push(await explainTask({ task, state, details, alive, status, ask }))
  }
  return explanations
}
