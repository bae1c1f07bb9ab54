import { expandHostList, expandRepeated } from './hostlist.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** The job that this process runs in, as Slurm's variables say it. */
export interface SlurmAllocation {
  readonly jobId: string
  /** Of a job array: the id that all its jobs share, and the index of this one. */
  readonly array: { readonly jobId: string; readonly index: string } | null
  /** The step that this process is in; null: the batch script, or the shell of `salloc`. */
  readonly step: string | null
  /** How often the job was requeued. */
  readonly restarts: number
  /** In all but heterogeneous jobs exactly one. */
  readonly components: readonly SlurmComponent[]
  /** The node that this process runs on; null: none of the job's, as in the shell of `salloc` on a login node. */
  readonly thisNode: string | null
  /** In milliseconds since the epoch, as it was when the step began; null: older versions of Slurm do not say. */
  readonly endsAt: number | null
}

/** Nodes that were asked for alike: a heterogeneous job has several such groups, and a step in each is one of its own. */
export interface SlurmComponent {
  /** Differs from the job's id in all components but the first. */
  readonly jobId: string
  /** What `srun --het-group` wants; null: the job is not heterogeneous. */
  readonly group: number | null
  readonly nodes: readonly SlurmNode[]
}

export interface SlurmNode {
  readonly name: string
  /** Hardware threads, or cores where Slurm counts those; null: not said. */
  readonly cpus: number | null
  /** What the job asked for; null: not said, or all of the node. */
  readonly memoryBytes: number | null
}

/** null: not in a job of Slurm. A problem is why the job's nodes can't be told. */
export function readAllocation(env: Environment): SlurmAllocation | { readonly problem: string } | null {
  const jobId = env['SLURM_JOB_ID'] ?? env['SLURM_JOBID']
  if (!jobId) return null
  const groups = Number(env['SLURM_HET_SIZE'] ?? 0)
  const components: SlurmComponent[] = []
  for (const group of groups > 0 ? Array.from({ length: groups }, (_, index) => index) : [null]) {
    const component = readComponent(env, jobId, group)
    if ('problem' in component) return component
    components.push(component)
  }
  return {
    jobId,
    array: readArray(env),
    step: env['SLURM_STEP_ID'] ?? env['SLURM_STEPID'] ?? null,
    restarts: Number(env['SLURM_RESTART_COUNT']) || 0,
    components,
    thisNode: thisNode(env, components),
    endsAt: Number(env['SLURM_JOB_END_TIME']) * 1_000 || null,
  }
}

/** Nodes of the job apart from this one: those that need an agent. */
export function otherNodes(allocation: SlurmAllocation): string[] {
  return allocation.components.flatMap(({ nodes }) =>
    nodes.map(({ name }) => name).filter(name => name !== allocation.thisNode),
  )
}

function readComponent(
  env: Environment,
  jobId: string,
  group: number | null,
): SlurmComponent | { readonly problem: string } {
  const variable = (name: string) => (group === null ? name : `${name}_HET_GROUP_${group}`)
  const listName = variable('SLURM_JOB_NODELIST')
  const list = env[listName] ?? (group === null ? env['SLURM_NODELIST'] : undefined)
  const names = expandHostList(list ?? '')
  if (names === null || names.length === 0)
    return { problem: `expected the job's nodes in ${listName}, found ${list ? `'${list}'` : 'nothing'}` }
  const cpus = expandRepeated(env[variable('SLURM_JOB_CPUS_PER_NODE')] ?? '')
  return {
    jobId: env[variable('SLURM_JOB_ID')] ?? jobId,
    group,
    nodes: names.map((name, index) => {
      const count = cpus?.[index] ?? null
      return { name, cpus: count, memoryBytes: memoryBytes(name => env[variable(name)] ?? env[name], count) }
    }),
  }
}

/** Slurm counts in MiB; 0 is "all of the node". */
function memoryBytes(variable: (name: string) => string | undefined, cpus: number | null): number | null {
  const perNode = Number(variable('SLURM_MEM_PER_NODE')) || 0
  const perCpu = Number(variable('SLURM_MEM_PER_CPU')) || 0
  return (perNode || perCpu * (cpus ?? 0)) * 2 ** 20 || null
}

function readArray(env: Environment): SlurmAllocation['array'] {
  const jobId = env['SLURM_ARRAY_JOB_ID']
  const index = env['SLURM_ARRAY_TASK_ID']
  return jobId && index ? { jobId, index } : null
}

/** A shell of `salloc` that was called in another job still has that job's variable. */
function thisNode(env: Environment, components: readonly SlurmComponent[]): string | null {
  const name = env['SLURMD_NODENAME']
  const known = components.some(({ nodes }) => nodes.some(node => node.name === name))
  return name !== undefined && known ? name : null
}
