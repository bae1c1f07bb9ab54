import { isatty } from 'node:tty'
import { itemOf } from '../core/ids.ts'
import { listRuns } from '../journal/list-runs.ts'
import { runPaths } from '../journal/run-paths.ts'
import { writeStderr } from '../os/stderr.ts'
import { askRun } from '../supervisor/control-client.ts'
import { type ItemDetail, itemDetail } from '../views/item-detail.ts'
import { itemDetailText } from '../views/item-detail-text.ts'
import type { TextOptions } from '../views/lines.ts'
import { noSuchRunText } from '../views/runs-text.ts'
import { type Status, statusOf } from '../views/status.ts'
import { statusText } from '../views/status-text.ts'
import { type TaskDetail, taskDetail } from '../views/task-detail.ts'
import { taskDetailText } from '../views/task-detail-text.ts'
import { namedRun } from './own-run.ts'
import { print } from './print.ts'
import { readRun } from './read-run.ts'
import { terminal } from './terminal.ts'

export interface PrintStatusRequest {
  /** null: the newest. */
  readonly run: string | null
  /** Details of this task, or of this work item, instead of the whole run; null: not asked for. */
  readonly task: string | null
  readonly item: string | null
  readonly json: boolean
  /** Go on until the run has ended, on a terminal. */
  readonly watch: boolean
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Exit code 1: there is no such run, task or work item. */
export async function printStatus(request: PrintStatusRequest): Promise<number> {
  const { environment } = request
  const { run, odopPath } = await namedRun(request)
  const found = await findView({ ...request, run }, odopPath)
  if ('problem' in found) {
    writeStderr(`odop: ${found.problem}\n`)
    return 1
  }
  const options = terminal(environment)
  if (request.json) print(`${JSON.stringify(found.json, null, 2)}\n`)
  else if (request.watch && isatty(1) && isatty(0)) await watch(found, { request, odopPath, options })
  else print(found.text(options))
  return 0
}

/** What was asked for, in both forms. */
interface FoundView {
  readonly run: string
  readonly json: Status | TaskDetail | ItemDetail
  text(options: TextOptions): string
  /** Nothing will change any more. */
  readonly final: boolean
}

interface WatchOptions {
  readonly request: PrintStatusRequest
  readonly odopPath: string
  readonly options: TextOptions
}

async function watch(first: FoundView, { request, odopPath, options }: WatchOptions): Promise<void> {
  const { watchText } = await import('./watch-status.ts')
  let view = first
  await watchText(async () => {
    const found = await findView({ ...request, run: first.run }, odopPath)
    // A run that was removed meanwhile keeps its last picture.
    const gone = 'problem' in found
    if (!gone) view = found
    return { text: view.text(options).trimEnd(), final: gone || view.final }
  })
}

async function findView(
  request: PrintStatusRequest,
  odopPath: string,
): Promise<FoundView | { readonly problem: string }> {
  const { run, task, item } = request
  const now = Date.now()
  const runs = await listRuns(odopPath, now)
  const listed = run === null ? runs[0] : runs.find(({ name }) => name === run)
  if (!listed) return { problem: noSuchRunText(run, runs, odopPath) }
  const paths = runPaths(odopPath, listed.name)
  const only = item === null ? {} : { only: itemOf(item) }
  const { state, details, history } = await readRun(paths, { keepEnded: MOST_ENDED, ...only })
  const { attemptLog } = paths
  const alive = listed.state === 'live'
  const waiting = alive && state.pendingCount > 0 ? await waitingNow(paths.controlSocket) : null
  const options = { now, alive, details, snapshot: null, waiting, history, attemptLog }
  const status = statusOf(state, options)
  if (status === null) return { problem: `the journal of ${listed.name} holds no launch` }
  const view = { run: listed.name, final: status.state === 'ended' || status.state === 'interrupted' }
  if (item !== null) {
    const json = itemDetail(state, itemOf(item), options)
    return json === null
      ? { problem: `${listed.name} has no work item ${item}; they are named like reduce#12` }
      : { ...view, json, text: text => itemDetailText(json, text) }
  }
  if (task !== null) {
    const json = taskDetail(state, task, options)
    return json === null
      ? { problem: noSuchTaskText(listed.name, task, [...state.tasks.keys()]) }
      : { ...view, json, text: text => taskDetailText(json, text) }
  }
  return { ...view, json: status, text: text => statusText(status, text) }
}

/** Why items wait at present: only the run itself knows. null: it does not answer here, and the journal has to do. */
async function waitingNow(
  controlSocket: string,
): Promise<Readonly<Record<string, readonly string[]>> | null> {
  const reply = await askRun(controlSocket, { type: 'explain', task: null })
  return reply?.ok === true ? (reply.waiting ?? null) : null
}

/** Items that are listed with their task. */
const MOST_ENDED = 100

function noSuchTaskText(run: string, task: string, names: readonly string[]): string {
  return `${run} has no task ${task}${names.length === 0 ? '' : `; there is: ${names.join(', ')}`}`
}
