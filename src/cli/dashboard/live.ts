import { hostname } from 'node:os'
import type { NodeName } from '../../core/model.ts'
import { lastMetrics } from '../../journal/metrics-tail.ts'
import { askRun } from '../../supervisor/control-client.ts'
import type { ControlReply, ControlRequest } from '../../supervisor/control-protocol.ts'
import type { MemoryNow } from '../../views/dashboard/memory.ts'
import type { NodeSample } from '../../views/dashboard/scene.ts'
import type { FollowedRun } from './follow-run.ts'

/** What the journal does not tell of the present: from the run itself where it answers on this host, else from its metrics. */
export interface Live {
  readonly samples: Map<NodeName, NodeSample>
  readonly memory: Map<NodeName, MemoryNow>
  /** The run answers here. */
  attached(): boolean
  /** Looks again when it is time; true: something is new. */
  poll(now: number): Promise<boolean>
  /** null: it does not answer. */
  ask(request: ControlRequest): Promise<ControlReply | null>
}

const LOOK_MILLISECONDS = 1000
/** Rows are written every 10 s. */
const METRICS_MILLISECONDS = 2500
/** Where nobody answers. */
const RETRY_MILLISECONDS = 10_000
/** Files of so many nodes are read; of more nodes the journal alone says enough. */
const MOST_NODES = 32

export function watchLive(run: FollowedRun): Live {
  const { told, paths } = run
  const samples = new Map<NodeName, NodeSample>()
  const memory = new Map<NodeName, MemoryNow>()
  let attached = false
  let lookAt = 0
  let metricsAt = 0
  let rows = ''

  return {
    samples,
    memory,
    attached: () => attached,
    async poll(now) {
      if (!run.alive()) {
        attached = false
        return false
      }
      const looked = now >= lookAt && (await look(now))
      const measured = now >= metricsAt && (await measure(now))
      return looked || measured
    },
    ask: request => askRun(paths.controlSocket, request),
  }

  async function look(now: number): Promise<boolean> {
    const isHere = told.state.launch?.host === hostname()
    const reply = isHere ? await askRun(paths.controlSocket, { type: 'look' }) : null
    attached = reply?.ok === true
    lookAt = now + (attached ? LOOK_MILLISECONDS : RETRY_MILLISECONDS)
    let changed = false
    for (const { node, foreign } of (reply?.ok && reply.look?.nodes) || []) {
      const shares = [...foreign].map(digit => Number(digit) / 10)
      changed ||= String(samples.get(node)?.shares) !== String(shares)
      samples.set(node, { shares, ofOthers: true })
    }
    if (!attached) for (const [node, sample] of samples) if (sample.ofOthers) samples.delete(node)
    return changed
  }

  async function measure(now: number): Promise<boolean> {
    metricsAt = now + METRICS_MILLISECONDS
    const nodes = [...told.state.nodes.keys()]
    if (nodes.length > MOST_NODES) return false
    const last = await Promise.all(nodes.map(node => lastMetrics(paths.metrics(node))))
    nodes.forEach((node, at) => {
      const metrics = last[at]
      if (metrics == null) return
      memory.set(node, metrics.memoryBytes)
      if (samples.get(node)?.ofOthers !== true)
        samples.set(node, { shares: metrics.coreShares, ofOthers: false })
    })
    const before = rows
    rows = JSON.stringify(last)
    return rows !== before
  }
}
