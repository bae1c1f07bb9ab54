import { fileURLToPath } from 'node:url'
import type { Figure } from './measure.ts'
import type { PartResult } from './parts.ts'
import { launch } from './processes.ts'
import { realAgentsFigures } from './real-agents.ts'
import type { Play } from './simulation/play.ts'

export interface SimulationOptions {
  readonly nodes: readonly number[]
  readonly hours: number
  /** Of each virtual hour, with one look of each node in each. */
  readonly secondsOfAnHour: number
  readonly realAgents: number
}

/** The supervisor of large jobs: virtual nodes in virtual time, and as many real agents as a machine bears. */
export async function simulationFigures(options: SimulationOptions): Promise<PartResult> {
  const plays: Record<number, Play> = {}
  const figures: Figure[] = []
  for (const nodes of options.nodes) {
    const play = await played(nodes, options)
    plays[nodes] = play
    figures.push(...figuresOf(nodes, options, play))
  }
  figures.push(...(await realAgentsFigures(options.realAgents)))
  return { figures, skipped: [], details: plays }
}

/** In a process of its own, whose memory is the play's. */
export async function played(
  nodes: number,
  { hours, secondsOfAnHour }: Pick<SimulationOptions, 'hours' | 'secondsOfAnHour'>,
): Promise<Play> {
  const script = fileURLToPath(new URL('./simulation/play.ts', import.meta.url))
  const command = [process.execPath, '--import', import.meta.resolve('tsx'), script]
  const words = [nodes, hours, secondsOfAnHour].map(String)
  const { ended } = launch([...command, ...words], { cwd: '.', limitSeconds: 3600 })
  const { code, stdout, stderr } = await ended
  if (code !== 0) throw new Error(`the simulation of ${nodes} nodes ended with ${code}: ${stderr}`)
  return JSON.parse(stdout) as Play
}

function figuresOf(nodes: number, { hours }: SimulationOptions, play: Play): Figure[] {
  const what = `${nodes} virtual nodes × 128 cores, ${hours} h`
  const percent = (of: (second: Play['seconds'][number]) => number) =>
    play.seconds.map(second => 100 * of(second))
  return [
    {
      name: `${what}: the supervisor’s CPU, a look of each node a second`,
      unit: '% of a core',
      samples: percent(({ messages, decisions }) => messages + decisions),
      target: { atMost: 10 },
    },
    { name: '… of it messages', unit: '% of a core', samples: percent(({ messages }) => messages) },
    {
      name: '… of it decisions and events',
      unit: '% of a core',
      samples: percent(({ decisions }) => decisions),
    },
    { name: '… decisions a second', unit: '/s', samples: play.seconds.map(({ count }) => count) },
    { name: '… from all agents', unit: 'MB/s', samples: [play.bytesUp / 1e6] },
    { name: '… to each agent', unit: 'kB/s', samples: [play.bytesDown / 1e3] },
    { name: '… until all have begun, CPU', unit: 's', samples: [play.startSeconds] },
    {
      name: `${what}: peak memory`,
      unit: 'MB',
      samples: [play.peakRssBytes / 1e6],
      target: { atMost: 500 },
    },
    { name: '… heap at the end', unit: 'MB', samples: [play.heapBytes / 1e6] },
    { name: '… attempts', unit: '', samples: [play.attempts] },
  ]
}
