import type { Cluster } from '../cluster/cluster.ts'
import type { Watch } from '../cluster/messages.ts'
import type { RemoteAgent } from '../cluster/remote-agent.ts'
import type { NodeName, NodeSnapshot } from '../core/model.ts'
import type { Agent, NodeMeasurement } from '../node/agent.ts'
import type { RunnerNeeds } from '../node/keeper/messages.ts'
import type { LocalAgent } from '../node/local-agent.ts'

/** The agents of all nodes, this one's in this process and the others behind their channels. */
export interface Agents {
  /** null: the node is none of ours, or its agent has not begun. */
  of(node: NodeName): Agent | null
  /** Its agent is there. */
  mayRunOn(node: NodeName): boolean
  /** On each of the other nodes. */
  watch(watch: Watch): void
  /** Resolves when the other nodes have told of all files that were complete by now. */
  flush(): Promise<void>
  /** A look at this node, and the last ones that have come from the others. */
  sample(): NodeSnapshot[]
  prepare(): void
  preload(needs: RunnerNeeds): void
  /** How often the other nodes are to be looked at. */
  pace(milliseconds: number): void
  applicationEnded(): void
  /** What each node has used; null: its agent is gone. */
  measure(options: { readonly full: boolean }): Promise<NodeMeasurement | null>[]
  close(): Promise<void>
}

/** @param cluster null: there is no other node */
export function allAgents(local: LocalAgent, cluster: Cluster | null): Agents {
  const remote = cluster?.agents ?? []
  const tell = (each: (agent: RemoteAgent) => void) => cluster?.together(() => remote.forEach(each))
  let measurements = 0
  return {
    of: node => (node === local.facts.name ? local : (cluster?.agent(node) ?? null)),
    mayRunOn: node => node === local.facts.name || cluster?.agent(node)?.isOpen === true,
    watch(watch) {
      tell(agent => agent.watch(watch))
    },
    async flush() {
      await Promise.all(remote.map(agent => agent.flush()))
    },
    sample: () => [local.sample(), ...remote.flatMap(agent => agent.sample() ?? [])],
    prepare() {
      local.prepare()
      tell(agent => agent.prepare())
    },
    preload(needs) {
      local.preload(needs)
      tell(agent => agent.preload(needs))
    },
    pace(milliseconds) {
      // Each look is a message to read: many nodes are looked at less often, all together some 3,000 times a second at most.
      tell(agent => agent.pace(Math.max(milliseconds, Math.ceil(remote.length / 3))))
    },
    applicationEnded() {
      tell(agent => agent.applicationEnded())
    },
    measure({ full }) {
      measurements += 1
      const all: Promise<NodeMeasurement | null>[] = [Promise.resolve(local.measure({ full }))]
      tell(agent => all.push(agent.measure(measurements, full)))
      return all
    },
    async close() {
      await Promise.all([local.close(), cluster?.close()])
    },
  }
}
