import type { SlurmAllocation, SlurmComponent } from './slurm-environment.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * The command that starts a program once on every node of the job but this one, in a step that shares everything with
 * the application's steps; its stdio is the channel. One command for each component with such nodes: srun gives stdin
 * to one component of a heterogeneous step only.
 */
export function agentCommands(allocation: SlurmAllocation, program: readonly string[]): string[][] {
  return allocation.components.flatMap(component => {
    const here = component.nodes.some(({ name }) => name === allocation.thisNode)
    const count = component.nodes.length - (here ? 1 : 0)
    if (count === 0) return []
    return [['srun', ...stepOptions(component, count, here ? allocation.thisNode : null), ...program]]
  })
}

function stepOptions({ group }: SlurmComponent, count: number, exclude: string | null): string[] {
  return [
    ...(group === null ? [] : [`--het-group=${group}`]),
    // Without it the step waits until the application's has ended, or the other way round.
    '--overlap',
    `--nodes=${count}`,
    `--ntasks=${count}`,
    '--ntasks-per-node=1',
    ...(exclude === null ? [] : [`--exclude=${exclude}`]),
    // The whole of the job's cores and memory on the node, and none of its GPUs.
    '--cpu-bind=none',
    '--mem=0',
    '--gres=none',
    '--mpi=none',
    // One agent that ends, or one node that fails, is not the end of the others.
    '--kill-on-bad-exit=0',
    '--wait=0',
    '--no-kill',
    '--export=ALL',
    '--job-name=odop',
    '--quiet',
  ]
}

/**
 * The environment for such a step: without the variables that give srun options, since those are meant for the
 * application's steps (and some, as `SLURM_MEM_PER_CPU`, contradict ours). What names the job, its nodes and the way to
 * Slurm stays.
 */
export function agentEnvironment(env: Environment): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !STEP_OPTION.test(name)) kept[name] = value
  }
  return kept
}

/**
 * The input environment variables of srun 22.05 to 25.05 (`man srun`) without their `SLURM_`, except those that name the job
 * or the cluster; and what srun sets for the tasks of a step.
 */
const STEP_OPTIONS = `ACCOUNT ACCTG_FREQ BCAST* BURST_BUFFER CLUSTER_CONSTRAINT COMPRESS CONSTRAINT CORE_SPEC CPU_BIND* CPU_FREQ_REQ
  CPUS_PER_* DEBUG DEBUG_FLAGS DELAY_BOOT DEPENDENCY DISABLE_STATUS DISTRIBUTION DIST_PLANESIZE EPILOG EXACT EXCLUSIVE
  EXIT_ERROR EXIT_IMMEDIATE EXPORT_ENV GPU* GRES* HINT IMMEDIATE KILL_BAD_EXIT LABELIO MEM_* MPI_TYPE NCORES_PER_SOCKET
  NETWORK NNODES NO_KILL NPROCS NSOCKETS_PER_NODE NTASKS* OPEN_MODE OVERCOMMIT OVERLAP PARTITION POWER PROFILE PROLOG QOS
  REMOTE_CWD REQ_SWITCH RESERVATION RESV_PORTS SEND_LIBS SIGNAL SPREAD_JOB SRUN_* STDERRMODE STDINMODE STDOUTMODE STEP_*
  STEPID TASK_EPILOG TASK_PROLOG THREAD_SPEC THREADS THREADS_PER_CORE TIMELIMIT TRES_* UMASK UNBUFFEREDIO USE_MIN_NODES
  WAIT WAIT4SWITCH WCKEY WHOLE WORKING_DIR`

/** Each exists for every component of a heterogeneous job, too. */
const STEP_OPTION = new RegExp(
  `^(?:SRUN_.*|SLURMD_DEBUG|SLURM_(?:${STEP_OPTIONS.trim().split(/\s+/).join('|').replaceAll('*', '\\w*')})(?:_(?:HET|PACK)_GROUP_\\d+)?)$`,
)
