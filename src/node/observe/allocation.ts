import { availableParallelism, cpus, totalmem } from 'node:os'
import type { CoreId, NodeFacts, NodeName, YieldMode } from '../../core/model.ts'
import { readMemoryInfo, readProc } from '../../os/proc.ts'
import { readAllowedCores } from './allowed-cores.ts'
import { cpuGroup, cpuQuota, memoryLimits } from './cgroups.ts'
import { describeTopology, type ReadText } from './topology.ts'

export interface AllocationOptions {
  readonly name: NodeName
  /** Of the supervisor: Slurm says there how much memory the job has. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Cores that the user keeps from odop. */
  readonly excludeCores?: readonly CoreId[]
  /** How many further cores stay free: those with the lowest numbers, where the system's own work mostly runs. */
  readonly reserveCores?: number
  /** For tests: in place of the files below `/proc` and `/sys`. */
  readonly read?: ReadText
}

/** What odop may use on this node: the allocation's part of it, never simply the machine. */
export function describeNode(options: AllocationOptions): NodeFacts {
  const read = options.read ?? readProc
  const cores = allocatedCores(read)
  return {
    name: options.name,
    cores,
    usableCores: usableCores(cores, options, cpuQuota(read)),
    topology: describeTopology(cores, read),
    memoryLimitBytes: memoryLimitBytes(cores.length, options.env, read),
    yieldMode: yieldMode({ application: 'self', attempts: 'self' }, read),
    yieldReason: 'the application and the tasks run in one session and one CPU control group',
  }
}

/** The cores that this process may run on. */
function allocatedCores(read: ReadText): CoreId[] {
  const cores = readAllowedCores('self', read) ?? []
  return cores.length > 0
    ? cores
    : Array.from({ length: cpus().length || availableParallelism() }, (_, core) => core)
}

/** A quota is shared with the application: more cores than it allows would be throttled, and the application with them. */
function usableCores(cores: readonly CoreId[], options: AllocationOptions, quota: number | null): CoreId[] {
  const excluded = new Set(options.excludeCores)
  const kept = cores.filter(core => !excluded.has(core)).slice(options.reserveCores ?? 0)
  return quota === null ? kept : kept.slice(0, Math.ceil(quota))
}

function memoryLimitBytes(coreCount: number, env: AllocationOptions['env'], read: ReadText): number {
  const machine = readMemoryInfo(read)?.totalBytes ?? totalmem()
  const groups = memoryLimits(read).map(limit => limit.limitBytes)
  return Math.min(machine, ...groups, slurmMemoryBytes(coreCount, env) ?? machine)
}

/** Slurm's variables count in MiB; 0 is "all memory of the node". */
function slurmMemoryBytes(coreCount: number, env: AllocationOptions['env']): number | null {
  const number = (name: string) => Number(env[name]) || 0
  const mebibytesPerCore = number('SLURM_MEM_PER_CPU') * (number('SLURM_CPUS_ON_NODE') || coreCount)
  const mebibytes = number('SLURM_MEM_PER_NODE') || mebibytesPerCore
  return mebibytes > 0 ? mebibytes * 2 ** 20 : null
}

/** Two processes, as `/proc` names them. */
export interface Neighbours {
  readonly application: number | 'self'
  readonly attempts: number | 'self'
}

/**
 * Whether the kernel preempts attempts for the application. Nice values and SCHED_IDLE count only inside one group of
 * the scheduler: between two autogroups (one for each session) or two CPU control groups the core is shared equally.
 * `kernel` where that cannot be seen, because odop starts both in one session and one group.
 */
export function yieldMode({ application, attempts }: Neighbours, read: ReadText = readProc): YieldMode {
  const differ = (group: (pid: number | 'self') => string | null) => {
    const [one, other] = [group(application), group(attempts)]
    return one !== null && other !== null && one !== other
  }
  const autogroups = read('/proc/sys/kernel/sched_autogroup_enabled')?.trim() === '1'
  // `/autogroup-8 nice 0`: only the name tells the groups apart.
  const autogroup = (pid: number | 'self') => read(`/proc/${pid}/autogroup`)?.split(' ')[0] ?? null
  if (autogroups && differ(autogroup)) return 'suspend'
  return differ(pid => cpuGroup(pid, read)) ? 'suspend' : 'kernel'
}
