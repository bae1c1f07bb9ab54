import { type Cluster, openCluster } from '../cluster/cluster.ts'
import type { EarlyAgents } from '../cluster/early-agents.ts'
import type { FoundFiles, JoinCause } from '../cluster/messages.ts'
import type { MemoryReserve } from '../config/values.ts'
import type { NodeFacts } from '../core/model.ts'
import type { AttemptReport } from '../node/agent.ts'
import { version } from '../version.ts'
import type { Prepared } from './prepare.ts'

export interface OtherNodesOptions {
  /** Of attempts. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly early: EarlyAgents | undefined
  readonly onLauncher: (pid: number) => void
  readonly onJoined: (facts: NodeFacts, cause: JoinCause) => void
  readonly onReport: (report: AttemptReport) => void
  readonly onFound: (node: string, found: FoundFiles) => void
  /** Slurm has sent it to the steps of the job. */
  readonly onSignal: (signal: string) => void
}

/** Starts agents on the other nodes of the allocation, and does not wait for them; null: there are no other nodes. */
export function openOtherNodes(
  prepared: Prepared,
  { environment, ...options }: OtherNodesOptions,
): Cluster | null {
  const { cluster, configuration, settings, recorder, now } = prepared
  if (cluster === null || cluster.channels.length === 0) {
    options.early?.close()
    return null
  }
  const opened = openCluster(cluster, {
    ...options,
    version: version(),
    launchedAt: recorder.state.launch?.at ?? now(),
    begin: {
      settings,
      environment,
      excludeCores: configuration.excludeCpus,
      reserveCores: configuration.reserveCores,
      ...reserveOf(configuration.memoryReserve),
    },
    now,
    onWarning: text => recorder.note('warning', text),
  })
  options.early?.close()
  return opened
}

/** A share is one of each node's own memory. */
function reserveOf(reserve: MemoryReserve): {
  memoryReserveBytes: number | null
  memoryReserveShare: number
} {
  return 'bytes' in reserve
    ? { memoryReserveBytes: reserve.bytes, memoryReserveShare: 0 }
    : { memoryReserveBytes: null, memoryReserveShare: reserve.share }
}
