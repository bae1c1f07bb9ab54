import { accessSync, constants, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { agentEnvironment } from '../../../cluster/agent-step.ts'
import type { CoreId, MpiNeeds, PlacementPart } from '../../../core/model.ts'
import { partsOf } from '../../../core/placement.ts'
import { readProcessStat } from '../../../os/proc.ts'
import type { AttemptSpec } from '../../agent.ts'
import { RANK_SCRIPT } from './script.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** What starts ranks: Slurm where there is one, else MPI itself; or the runner, for functions on its own node. */
export type Launcher = 'srun' | 'mpirun' | 'fork'

/** An attempt whose task is an MPI task. */
export interface RanksSpec extends AttemptSpec {
  readonly task: AttemptSpec['task'] & { readonly mpi: MpiNeeds }
}

export function hasRanks(spec: AttemptSpec): spec is RanksSpec {
  return spec.task.mpi != null
}

export function launcherFor(spec: RanksSpec, env: Environment, isFunction: boolean): Launcher {
  if (env['SLURM_JOB_ID'] && isInPath('srun', env)) return 'srun'
  return isFunction && spec.others === undefined ? 'fork' : 'mpirun'
}

function isInPath(program: string, env: Environment): boolean {
  return (env['PATH'] ?? '').split(':').some(folder => {
    try {
      accessSync(path.join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** What a rank executes: the script, which becomes the program. */
export function rankCommand(program: readonly string[]): string[] {
  return ['sh', '-c', RANK_SCRIPT, 'odop-rank', ...program]
}

/**
 * The environment of the launcher and of all ranks: without what says which rank of another step the runner itself is, and
 * which options that step had.
 */
export function rankEnvironment(
  spec: RanksSpec,
  base: Environment,
  launcher: Launcher,
): Record<string, string> {
  const kept = Object.entries(agentEnvironment(base)).filter(
    ([name]) => !OF_ANOTHER_RANK.test(name) && (launcher === 'srun' || name !== 'SLURMD_NODENAME'),
  )
  const cores = partsOf(spec).map(part => `${part.node}=${rangesOf(part.cores)};`)
  return {
    ...Object.fromEntries(kept),
    ODOP_NODE: spec.node,
    ODOP_CORES_BY_NODE: `;${cores.join('')}`,
    ODOP_CPUS_PER_RANK: String(spec.task.mpi.cpusPerRank),
    ODOP_RANKS: String(spec.task.mpi.ranks),
    [RANK_OF]: spec.attempt,
    // By the machine's name: a node may have another one.
    ODOP_SESSION: `${os.hostname()}/${readProcessStat(process.pid)?.session ?? ''}`,
  }
}

/** In the environment of ranks: the attempt that they belong to. */
export const RANK_OF = 'ODOP_RANK_OF'

const OF_ANOTHER_RANK =
  /^(?:SLURM_(?:PROCID|LOCALID|NODEID|GTIDS|TASK_PID)|PMI_\w+|PMIX_\w+|OMPI_COMM_WORLD_\w+|MPI_LOCAL\w+|ODOP_(?:LOCAL_RANK|RANK|WATCHED))$/

/** `0-3,7` */
function rangesOf(cores: readonly CoreId[]): string {
  const ranges: { from: number; to: number }[] = []
  for (const core of cores) {
    const last = ranges.at(-1)
    if (last?.to === core - 1) last.to = core
    else ranges.push({ from: core, to: core })
  }
  return ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`)).join(',')
}

/** A file that names a host for each rank or node is needed: it goes here. */
export type HostFile = (lines: readonly string[]) => string

export function hostFileIn(folder: () => string): HostFile {
  return lines => {
    const file = path.join(folder(), 'odop-hosts')
    writeFileSync(file, `${lines.join('\n')}\n`)
    return file
  }
}

/** On this node. */
export function ranksOn({ cores }: PlacementPart, { others, task }: RanksSpec): number {
  return others === undefined ? task.mpi.ranks : Math.floor(cores.length / task.mpi.cpusPerRank)
}
