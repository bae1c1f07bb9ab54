import { isatty } from 'node:tty'
import { listRuns } from '../journal/list-runs.ts'
import { runPaths } from '../journal/run-paths.ts'
import { writeStderr } from '../os/stderr.ts'
import type { TextOptions } from '../views/lines.ts'
import { noSuchRunText } from '../views/runs-text.ts'
import { type Status, statusOf } from '../views/status.ts'
import { statusText } from '../views/status-text.ts'
import { namedRun } from './own-run.ts'
import { print } from './print.ts'
import { readRun } from './read-run.ts'
import { terminal } from './terminal.ts'

export interface PrintStatusRequest {
  /** null: the newest. */
  readonly run: string | null
  readonly json: boolean
  /** Go on until the run has ended, on a terminal. */
  readonly watch: boolean
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Exit code 1: there is no such run. */
export async function printStatus(request: PrintStatusRequest): Promise<number> {
  const { environment } = request
  const { run, odopPath } = await namedRun(request)
  const found = await findStatus(run, odopPath)
  if ('problem' in found) {
    writeStderr(`odop: ${found.problem}\n`)
    return 1
  }
  const options = terminal(environment)
  if (request.json) print(`${JSON.stringify(found.status, null, 2)}\n`)
  else if (request.watch && isatty(1) && isatty(0)) await watch(found.status, odopPath, options)
  else print(statusText(found.status, options))
  return 0
}

async function watch(first: Status, odopPath: string, options: TextOptions): Promise<void> {
  const { watchText } = await import('./watch-status.ts')
  let status = first
  await watchText(async () => {
    const found = await findStatus(first.run, odopPath)
    // A run that was removed meanwhile keeps its last picture.
    const gone = 'problem' in found
    if (!gone) status = found.status
    const final = gone || status.state === 'ended' || status.state === 'interrupted'
    return { text: statusText(status, options).trimEnd(), final }
  })
}

async function findStatus(
  run: string | null,
  odopPath: string,
): Promise<{ status: Status } | { problem: string }> {
  const runs = await listRuns(odopPath, Date.now())
  const listed = run === null ? runs[0] : runs.find(({ name }) => name === run)
  if (!listed) return { problem: noSuchRunText(run, runs, odopPath) }
  const { state, details } = await readRun(runPaths(odopPath, listed.name))
  const status = statusOf(state, { now: Date.now(), alive: listed.state === 'live', details, snapshot: null })
  return status === null ? { problem: `the journal of ${listed.name} holds no launch` } : { status }
}
