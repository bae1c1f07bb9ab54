import { MARK } from '../node/keeper/marked.ts'
import { ApplicationPids, type StepName } from './application-pids.ts'

export interface StepPidsOptions {
  /** The job's ids; empty: not in a job of Slurm. */
  readonly jobs: readonly string[]
  /** This node, as Slurm calls it. */
  readonly node: string | null
}

/** `batch` and `interactive` hold the job's script and what it has started beside odop; `extern` is nobody's work. */
const NOT_THE_APPLICATION: ReadonlySet<StepName> = new Set(['batch', 'interactive', 'extern'])

/** Finds the ranks of the application on this node: they are no descendants of srun's. null: it is not for Slurm to say. */
export function stepPids({ jobs, node }: StepPidsOptions): (() => number[]) | null {
  if (jobs.length === 0) return null
  const pids = new ApplicationPids({
    jobs,
    node,
    agent: process.pid,
    ownSteps: new Set(),
    ownVariables: [MARK],
  })
  return () =>
    [...pids.look()].flatMap(([step, members]) => (NOT_THE_APPLICATION.has(step) ? [] : members))
}
