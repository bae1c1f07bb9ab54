import path from 'node:path'
import { listRuns } from '../journal/list-runs.ts'
import { writeStderr } from '../os/stderr.ts'
import { askRun } from '../supervisor/control-client.ts'
import { noSuchRunText } from '../views/runs-text.ts'
import { type NamedRun, type NamedRunRequest, namedRun } from './own-run.ts'

export interface SignalRunRequest extends NamedRunRequest {
  readonly name: string
  /** Relative to `cwd`. */
  readonly files: readonly string[]
}

/** A run whose tasks are still being loaded answers when they are. */
const ANSWER_MILLISECONDS = 40_000

/** Exit code 1: the run could not be told, or knows no such name. */
export async function signalRun({ name, files, ...request }: SignalRunRequest): Promise<number> {
  const run = await namedRun(request)
  const absolute = files.map(file => path.resolve(request.cwd, file))
  const signal = { type: 'signal', name, files: absolute } as const
  const reply = await askRun(run.socket, signal, { milliseconds: ANSWER_MILLISECONDS })
  if (reply?.ok) return 0
  writeStderr(`odop: ${reply === null ? await unreachable(run) : reply.problem}\n`)
  return 1
}

async function unreachable({ run, odopPath }: NamedRun): Promise<string> {
  const runs = await listRuns(odopPath, Date.now())
  const listed = runs.find(each => each.name === run)
  if (listed === undefined) return noSuchRunText(run, runs, odopPath)
  return listed.state === 'live'
    ? `${run} does not answer here; a run can be told only on the host on which it was started (odop status ${run})`
    : `${run} is not running any more, and only a live run can be sent a signal`
}
