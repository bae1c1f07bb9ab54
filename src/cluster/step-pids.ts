import type { AttemptId, CoreId } from '../core/model.ts'
import { MARK } from '../node/keeper/marked.ts'
import type { Stranger } from '../node/observe/other-programs.ts'
import { parseCoreList } from '../node/observe/topology.ts'
import { RANK_OF } from '../node/runner/ranks/launch.ts'
import { ApplicationPids, type StepName } from './application-pids.ts'

export interface StepPidsOptions {
  /** The job's ids; empty: not in a job of Slurm. */
  readonly jobs: readonly string[]
  /** This node, as Slurm calls it. */
  readonly node: string | null
}

/** `batch` and `interactive` hold the job's script and what it has started beside odop; `extern` is nobody's work. */
const NOT_THE_APPLICATION: ReadonlySet<StepName> = new Set(['batch', 'interactive', 'extern'])

/** What Slurm has started on this node: ranks are no descendants of srun's. */
export interface StepPids {
  /** The application's processes. */
  otherPids(): number[]
  /** Who is neither the application's nor odop's. */
  strangers(): Stranger[]
  /** Ranks of attempts, as of the last time that the application's processes were asked for. */
  rankPids(): AttemptRanks[]
}

export interface AttemptRanks {
  readonly attempt: AttemptId
  readonly pids: readonly number[]
  readonly cores: readonly CoreId[]
}

/** null: it is not for Slurm to say. */
export function stepPids({ jobs, node }: StepPidsOptions): StepPids | null {
  if (jobs.length === 0) return null
  const pids = new ApplicationPids({
    jobs,
    node,
    agent: process.pid,
    ownSteps: new Set(),
    ownVariables: [MARK],
    rankVariable: RANK_OF,
  })
  return {
    otherPids: () =>
      [...pids.look()].flatMap(([step, members]) => (NOT_THE_APPLICATION.has(step) ? [] : members)),
    strangers: () => {
      pids.look()
      return pids.strangers()
    },
    rankPids: () =>
      [...pids.ranks()].map(([attempt, { pids, places }]) => ({
        attempt,
        pids,
        cores: parseCoreList(places.split(`;${node}=`)[1]?.split(';')[0] ?? ''),
      })),
  }
}
