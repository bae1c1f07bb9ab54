import { agentCommands, agentEnvironment } from './agent-step.ts'
import { readAllocation, type SlurmAllocation } from './slurm-environment.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Where agents are needed, and how they are started there. */
export interface ClusterPlan {
  /** The allocation's name for this node; null: it is none of its nodes, and nothing must run here. */
  readonly thisNode: string | null
  /** Ids of the job, all of them where it is heterogeneous; empty: not in a job. */
  readonly jobs: readonly string[]
  /** What its time limit is asked for by, and when it is over as far as is known; null: not in a job. */
  readonly job: { readonly jobId: string; readonly endsAt: number | null } | null
  readonly channels: readonly PlannedChannel[]
}

export interface PlannedChannel {
  readonly command: readonly string[]
  readonly environment: Environment
  readonly nodes: readonly PlannedNode[]
}

export interface PlannedNode {
  readonly name: string
  /** What the job has there; null: not known here. */
  readonly memoryBytes: number | null
}

export interface PlanOptions {
  readonly environment: Environment
  /** Hosts that are reached through ssh; empty: those of the Slurm job. */
  readonly hosts: readonly string[]
  readonly thisHost: string
  /** The agent's program on every node: its path, as this node has it. */
  readonly program: readonly string[]
}

/** null: there is no other node than this one. A problem is why the others can't be told. */
export function planCluster(options: PlanOptions): ClusterPlan | { readonly problem: string } | null {
  if (options.hosts.length > 0) return throughSsh(options)
  const allocation = readAllocation(options.environment)
  if (allocation === null || 'problem' in allocation) return allocation
  return throughSlurm(allocation, options)
}

function throughSlurm(allocation: SlurmAllocation, { environment, program }: PlanOptions): ClusterPlan {
  const components = allocation.components
    .map(({ nodes }) => nodes.filter(({ name }) => name !== allocation.thisNode))
    .filter(nodes => nodes.length > 0)
  const channels = agentCommands(allocation, program).map((command, index) => ({
    command,
    environment: agentEnvironment(environment),
    nodes: (components[index] ?? []).map(({ name, memoryBytes }) => ({ name, memoryBytes })),
  }))
  const jobs = [...new Set([allocation.jobId, ...allocation.components.map(({ jobId }) => jobId)])]
  const job = { jobId: allocation.jobId, endsAt: allocation.endsAt }
  return { thisNode: allocation.thisNode, jobs, job, channels }
}

/** One connection for each host: there is nothing like srun's, and a host that can't be reached is not the end of the others. */
function throughSsh({ hosts, thisHost, environment, program }: PlanOptions): ClusterPlan {
  const others = [...new Set(hosts)].filter(host => host !== thisHost && host !== 'localhost')
  const channels = others.map(host => ({
    command: ['ssh', '-o', 'BatchMode=yes', host, remoteCommand(host, program)],
    environment,
    nodes: [{ name: host, memoryBytes: null }],
  }))
  return { thisNode: thisHost, jobs: [], job: null, channels }
}

/** What the shell of the other host executes. */
function remoteCommand(host: string, program: readonly string[]): string {
  return ['env', `ODOP_NODE_NAME=${host}`, ...program].map(quoted).join(' ')
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
