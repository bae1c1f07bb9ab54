import { describe, expect, test } from 'vitest'
import { type RealAgents, secondsToEndAfterKill, startRealAgents } from '../../bench/real-agents.ts'
import { until } from '../rig/rig.ts'

const COUNT = 8
/** Of a quiet machine 2 s are asked for: what is bounded here is that they do end, and not by their own timeout of 60 s. */
const SOON_SECONDS = 20

describe.skipIf(process.platform !== 'linux')('agents as processes of their own (needs Linux)', () => {
  test('all begin, look, measure, and end when they are told to', async () => {
    const { cluster, pids, joined, warnings } = await startRealAgents(COUNT)
    expect(pids).toHaveLength(COUNT)
    expect(joined.map(({ name }) => name).sort()).toEqual(names())
    for (const { cores, memoryLimitBytes } of joined) {
      expect(cores.length).toBeGreaterThan(0)
      expect(memoryLimitBytes).toBeGreaterThan(0)
    }
    for (const agent of cluster.agents) agent.pace(200)
    await until('each has looked', () => cluster.agents.every(agent => agent.sample() !== null))
    for (const agent of cluster.agents) {
      const look = agent.sample()
      expect(look?.node).toBe(agent.node)
      expect(look?.cores).toHaveLength(agent.facts?.cores.length ?? -1)
      const measurement = await agent.measure(1, true)
      expect(measurement?.usage.node).toBe(agent.node)
      expect(measurement?.usage.coreSeconds.total).toBeGreaterThan(0)
    }
    await cluster.close()
    expect(warnings).toEqual([])
    await until('none is left', () => pids.every(isGone))
  })

  test('one that is killed is lost alone, and says so', async () => {
    const agents = await startRealAgents(2)
    const [first, second] = agents.cluster.agents
    process.kill(pidOf(agents, 0), 'SIGKILL')
    await until('it is lost', () => first?.isOpen === false)
    expect(agents.warnings).toEqual(['the agent on k0 is lost: SIGKILL'])
    expect(second?.isOpen).toBe(true)
    await agents.cluster.close()
  })

  test('all end by themselves after kill -9 of the supervisor', async () => {
    expect(await secondsToEndAfterKill(COUNT)).toBeLessThan(SOON_SECONDS)
  })
})

function names(): string[] {
  return Array.from({ length: COUNT }, (_, number) => `k${number}`)
}

/** Launchers are started one after the other. */
function pidOf({ pids }: RealAgents, number: number): number {
  const pid = pids[number]
  if (pid === undefined) throw new Error(`no agent ${number}`)
  return pid
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}
