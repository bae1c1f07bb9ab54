import type { NodeName } from '../core/model.ts'
import { type Channel, openChannel } from './channel.ts'
import type { EarlyAgents } from './early-agents.ts'
import type { AgentOptions } from './messages.ts'
import { Outbox } from './outbox.ts'
import type { ClusterPlan, PlannedChannel } from './plan.ts'
import { RemoteAgent, type RemoteAgentOptions } from './remote-agent.ts'

export interface ClusterOptions
  extends Pick<
    RemoteAgentOptions,
    'version' | 'launchedAt' | 'onJoined' | 'onReport' | 'onFound' | 'onWarning' | 'onSignal' | 'now'
  > {
  readonly begin: Omit<AgentOptions, 'memoryBytes' | 'jobs' | 'launchedSecondsAgo'>
  /** Launchers that run already; missing: none do. */
  readonly early?: EarlyAgents | undefined
  /** A launcher was started here: its cost is odop's. */
  readonly onLauncher: (pid: number) => void
}

/** The agents on the other nodes. */
export interface Cluster {
  readonly agents: readonly RemoteAgent[]
  agent(node: NodeName): RemoteAgent | null
  /** What `work` says to all of them goes down each channel once. */
  together(work: () => void): void
  /** Resolves when each has begun or is lost, or takes too long. */
  readonly ready: Promise<void>
  /** Ends everything that runs there, and resolves when it is gone. */
  close(): Promise<void>
}

const BEAT_MS = 5_000
const LONGEST_START_MS = 15_000
/** An agent sends something every 2 s. */
const SILENCE_MS = 30_000

export function openCluster(plan: ClusterPlan, options: ClusterOptions): Cluster {
  const agents = new Map<NodeName, RemoteAgent>()
  const nodesOf = new Map<Pick<Channel, 'send'>, readonly NodeName[]>()
  const outbox = new Outbox(channel => {
    const nodes = nodesOf.get(channel) ?? []
    return nodes.filter(node => agents.get(node)?.isGone === false).length
  })
  const channels = plan.channels.map(open)

  const beat = setInterval(() => {
    outbox.together(() => {
      for (const agent of agents.values()) agent.beat()
    })
    for (const agent of agents.values()) {
      if (agent.isOpen && options.now() - agent.heardAt > SILENCE_MS)
        agent.gone(`nothing was heard of it for ${SILENCE_MS / 1000} s`)
    }
  }, BEAT_MS).unref()

  return {
    agents: [...agents.values()],
    agent: node => agents.get(node) ?? null,
    together: work => outbox.together(work),
    ready: readiness([...agents.values()]),
    async close() {
      clearInterval(beat)
      const closed: Promise<void>[] = []
      outbox.together(() => {
        for (const agent of agents.values()) closed.push(agent.close())
      })
      await Promise.all(closed)
      for (const channel of channels) channel.close()
    },
  }

  /** An agent that comes later is welcome, but nothing waits for it. */
  async function readiness(expected: readonly RemoteAgent[]): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>(resolve => {
      timer = setTimeout(resolve, LONGEST_START_MS)
      timer.unref()
    })
    await Promise.race([Promise.all(expected.map(({ begun }) => begun)), late])
    clearTimeout(timer)
  }

  function open(planned: PlannedChannel): Channel {
    const { nodes } = planned
    const channel = openChannel({
      planned,
      started: options.early?.take(planned) ?? null,
      onStarted: options.onLauncher,
      onMessage: (node, message) => agents.get(node)?.receive(message),
      onEnd: why => {
        for (const { name } of nodes) agents.get(name)?.gone(why)
      },
    })
    nodesOf.set(
      channel,
      nodes.map(({ name }) => name),
    )
    for (const { name, memoryBytes } of nodes) {
      const begin = { ...options.begin, memoryBytes, jobs: plan.jobs }
      const send: RemoteAgentOptions['send'] = message => outbox.send({ channel, node: name, message })
      agents.set(name, new RemoteAgent({ ...options, node: name, begin, send }))
    }
    return channel
  }
}
