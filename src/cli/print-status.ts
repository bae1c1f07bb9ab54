import { loadConfiguration } from '../config.ts'
import { type ListedRun, listRuns } from '../journal/list-runs.ts'
import { runPaths } from '../journal/run-paths.ts'
import { writeStderr } from '../os/stderr.ts'
import { statusOf } from '../views/status.ts'
import { statusText } from '../views/status-text.ts'
import { print } from './print.ts'
import { readRun } from './read-run.ts'
import { terminal } from './terminal.ts'

export interface PrintStatusRequest {
  /** null: the newest. */
  readonly run: string | null
  readonly json: boolean
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Exit code 1: there is no such run. */
export async function printStatus({ run, json, cwd, environment }: PrintStatusRequest): Promise<number> {
  const { configuration } = await loadConfiguration({ cwd, environment, flags: {}, file: null })
  const runs = await listRuns(configuration.odopPath, Date.now())
  const listed = run === null ? runs[0] : runs.find(({ name }) => name === run)
  if (!listed) {
    writeStderr(`odop: ${noSuchRun(run, runs, configuration.odopPath)}\n`)
    return 1
  }
  const { read, state, details } = await readRun(runPaths(configuration.odopPath, listed.name))
  const alive = listed.state === 'live'
  const status = statusOf(state, { now: Date.now(), alive, details, snapshot: null })
  if (status === null) {
    writeStderr(`odop: the journal of ${listed.name} holds no launch (${read.kind})\n`)
    return 1
  }
  print(json ? `${JSON.stringify(status, null, 2)}\n` : statusText(status, terminal(environment)))
  return 0
}

/** Says what there is instead. */
export function noSuchRun(run: string | null, runs: readonly ListedRun[], odopPath: string): string {
  const names = runs.slice(0, 5).map(({ name }) => name)
  if (run === null || names.length === 0) return `there are no runs in ${odopPath}`
  return `there is no run named ${run} in ${odopPath}; the newest are ${names.join(', ')} (odop runs)`
}
