import { loadConfiguration } from '../config.ts'
import { listRuns } from '../journal/list-runs.ts'
import { runPaths } from '../journal/run-paths.ts'
import { writeStderr } from '../os/stderr.ts'
import { askRun } from '../supervisor/control-client.ts'
import type { ControlRequest } from '../supervisor/control-protocol.ts'
import { noSuchRunText } from '../views/runs-text.ts'

export interface TellRunOptions {
  readonly run: string
  readonly request: ControlRequest
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Tells a live run something. Exit code 1: it could not be told, or could not do it; that was said on stderr. */
export async function tellRun({ run, request, cwd, environment }: TellRunOptions): Promise<number> {
  const { configuration } = await loadConfiguration({ cwd, environment, flags: {}, file: null })
  const { odopPath } = configuration
  const reply = await askRun(runPaths(odopPath, run).controlSocket, request)
  if (reply?.ok) return 0
  writeStderr(`odop: ${reply === null ? await unreachable(run, odopPath) : reply.problem}\n`)
  return 1
}

async function unreachable(run: string, odopPath: string): Promise<string> {
  const runs = await listRuns(odopPath, Date.now())
  const listed = runs.find(each => each.name === run)
  if (listed === undefined) return noSuchRunText(run, runs, odopPath)
  return listed.state === 'live'
    ? `${run} does not answer here; a run can be told only on the host on which it was started (odop status ${run})`
    : `${run} is not running any more`
}
