import { listRuns } from '../journal/list-runs.ts'
import { noSuchRunText } from '../views/runs-text.ts'

/** Why a run did not answer. */
export async function unreachable(run: string, odopPath: string): Promise<string> {
  const runs = await listRuns(odopPath, Date.now())
  const listed = runs.find(each => each.name === run)
  if (listed === undefined) return noSuchRunText(run, runs, odopPath)
  return listed.state === 'live'
    ? silentText(run)
    : `${run} is not running any more, and only a live run can be told anything`
}

export function silentText(run: string): string {
  return `${run} does not answer here; a run can be told only on the host on which it was started (odop status ${run})`
}
