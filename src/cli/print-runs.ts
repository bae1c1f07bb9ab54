import { stat } from 'node:fs/promises'
import { loadConfiguration } from '../config.ts'
import { itemsLeft } from '../core/state.ts'
import { type ListedRun, listRuns } from '../journal/list-runs.ts'
import { runPaths } from '../journal/run-paths.ts'
import { type RunOverview, runsText } from '../views/runs-text.ts'
import { print } from './print.ts'
import { readRun } from './read-run.ts'
import { terminal } from './terminal.ts'

/** Journals up to this size are folded for the counts of `odop runs`; larger ones are told of without them. */
const MOST_JOURNAL_BYTES = 20_000_000

export interface PrintRunsRequest {
  readonly json: boolean
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

export async function printRuns({ json, cwd, environment }: PrintRunsRequest): Promise<number> {
  const { configuration } = await loadConfiguration({ cwd, environment, flags: {}, file: null })
  const runs: RunOverview[] = []
  for (const run of await listRuns(configuration.odopPath, Date.now()))
    runs.push(await withItems(run, configuration.odopPath))
  print(json ? `${JSON.stringify(runs, null, 2)}\n` : runsText(runs, Date.now(), terminal(environment)))
  return 0
}

async function withItems(run: ListedRun, odopPath: string): Promise<RunOverview> {
  const { name, state, started, ended, command, exit } = run
  const overview = { name, state, started, ended, command, exit }
  const paths = runPaths(odopPath, name)
  const size = await stat(paths.journal)
    .then(stats => stats.size)
    .catch(() => Number.POSITIVE_INFINITY)
  if (size > MOST_JOURNAL_BYTES) return { ...overview, items: null }
  const { state: folded } = await readRun(paths)
  const tasks = [...folded.tasks.values()]
  const completed = tasks.reduce((sum, task) => sum + task.ended.completed, 0)
  const left = tasks.reduce((sum, task) => sum + itemsLeft(task), 0)
  return { ...overview, items: { completed, left } }
}
