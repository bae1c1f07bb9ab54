import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Cluster, openCluster } from '../src/cluster/cluster.ts'
import type { NodeFacts } from '../src/core/model.ts'
import { entryPoint } from '../src/entry-points.ts'
import { version } from '../src/version.ts'
import { cpuSeconds, type Figure, pssBytes, sleep } from './measure.ts'
import { launch } from './processes.ts'

/** Real agents, each a process of this machine with a channel of its own, as through ssh. */
export interface RealAgents {
  readonly cluster: Cluster
  readonly pids: readonly number[]
  readonly joined: readonly NodeFacts[]
  readonly warnings: readonly string[]
}

/** Resolves when all of them have begun, or some are lost. */
export async function startRealAgents(count: number): Promise<RealAgents> {
  const pids: number[] = []
  const joined: NodeFacts[] = []
  const warnings: string[] = []
  const channels = Array.from({ length: count }, (_, number) => ({
    command: [process.execPath, entryPoint('agent')],
    environment: { ...process.env, ODOP_NODE_NAME: `k${number}` },
    nodes: [{ name: `k${number}`, memoryBytes: null }],
  }))
  const cluster = openCluster(
    { thisNode: 'here', jobs: [], job: null, channels },
    {
      version: version(),
      launchedAt: Date.now(),
      begin: {
        settings: SETTINGS,
        environment: process.env,
        excludeCores: [],
        reserveCores: 0,
        memoryReserveBytes: null,
        memoryReserveShare: 0.1,
      },
      now: () => Date.now(),
      onLauncher: pid => pids.push(pid),
      onJoined: facts => joined.push(facts),
      onReport: () => {},
      onFound: () => {},
      onWarning: text => warnings.push(text),
      onSignal: () => {},
    },
  )
  await Promise.all(cluster.agents.map(({ begun }) => begun))
  return { cluster, pids, joined, warnings }
}

const WINDOW_SECONDS = 10

export async function realAgentsFigures(count: number): Promise<Figure[]> {
  const what = `${count} real agents on one machine`
  const before = performance.now()
  const { cluster, pids, joined } = await startRealAgents(count)
  const startSeconds = (performance.now() - before) / 1000
  if (joined.length !== count) throw new Error(`${joined.length} of ${count} agents have begun`)
  for (const agent of cluster.agents) agent.pace(1000)
  // What starting them has left to do is not counted.
  await sleep(3000)
  const own = process.cpuUsage()
  const theirs = cpuSeconds(pids)
  await sleep(WINDOW_SECONDS * 1000)
  const { user, system } = process.cpuUsage(own)
  const theirCpu = cpuSeconds(pids) - theirs
  const pss = pids.map(pid => pssBytes([pid]) / 1e6)
  const atEnd = performance.now()
  await cluster.close()
  const closeSeconds = (performance.now() - atEnd) / 1000
  return [
    { name: `${what}: all have begun`, unit: 's', samples: [startSeconds] },
    { name: `${what}: memory of one (PSS)`, unit: 'MB', samples: pss },
    {
      name: `${what}: CPU of one, a look a second`,
      unit: '% of a core',
      samples: [(100 * theirCpu) / WINDOW_SECONDS / count],
    },
    {
      name: `${what}: CPU of the supervisor’s side`,
      unit: '% of a core',
      samples: [(user + system) / 1e4 / WINDOW_SECONDS],
    },
    {
      name: `${what}: all have ended when told to`,
      unit: 's',
      samples: [closeSeconds],
      target: { atMost: 2 },
    },
    {
      name: `${what}: all have ended after kill -9 of the supervisor`,
      unit: 's',
      samples: [await secondsToEndAfterKill(count)],
      target: { atMost: 2 },
    },
  ]
}

/** A process that starts agents is killed with -9. @returns seconds until none of them is left */
export async function secondsToEndAfterKill(count: number): Promise<number> {
  const script = fileURLToPath(new URL('./simulation/agents-parent.ts', import.meta.url))
  const command = [process.execPath, '--import', import.meta.resolve('tsx'), script, String(count)]
  const { child, ended } = launch(command, { cwd: '.', limitSeconds: 300 })
  const pids = await new Promise<number[]>((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', chunk => {
      text += chunk
      if (text.endsWith('\n')) resolve(JSON.parse(text) as number[])
    })
    void ended.then(({ stderr }) => reject(new Error(`no agents were started: ${stderr}`)))
  })
  if (pids.length !== count) throw new Error(`${pids.length} of ${count} agents have begun`)
  const before = performance.now()
  child.kill('SIGKILL')
  while (pids.some(isAlive)) {
    if (performance.now() - before > LONGEST_END_MS) throw new Error('agents stay after kill -9')
    await sleep(20)
  }
  return (performance.now() - before) / 1000
}

const LONGEST_END_MS = 90_000

/** Nobody may have collected it. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

const SETTINGS = {
  policy: 'priority',
  maxCpus: null,
  idleThreshold: 0.1,
  memoryReserveBytes: 0,
  retries: 3,
  retryDelaySeconds: 30,
  graceSeconds: 5,
  maxSlowdown: null,
  maxIoBound: 1,
  maxNetworkBound: 1,
}
