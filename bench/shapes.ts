import { installed, nodeApplication, streamingCores, type Workloads } from './workloads.ts'

/** An application that uses the cores in a way of its own. */
export interface Shape {
  readonly name: string
  /** What tasks beside it do: compute, or stream over memory as it does. */
  readonly tasks: 'compute' | 'stream'
  /** Whether it leaves cores idle. */
  readonly idle: boolean
  /** Share of the idle core-seconds that tasks should get; null: no target. */
  readonly leastHarvest: number | null
  /** How odop is run beside it. */
  readonly ways: readonly Way[]
  /** It takes this long at least, however short an application is asked for. */
  readonly leastSeconds: number
  /** Words of the command, or why the machine can't run it. */
  command(workloads: Workloads, seconds: number): readonly string[] | { readonly missing: string }
}

export interface Way {
  readonly label: string
  /** Options of `odop run`. */
  readonly flags: readonly string[]
  /** Target of the application's wall time / alone; null: shown for comparison. */
  readonly mostSlowdown: number | null
}

const PLAIN: Way = { label: 'odop', flags: [], mostSlowdown: 1.01 }

/** The application writes a small file at each step of its work: odop sees by their cadence what tasks cost it. */
const LIMITED: Way = {
  label: 'odop --max-slowdown 3%',
  flags: ['--max-slowdown', '3%', '--progress', 'progress/*'],
  mostSlowdown: 1.03,
}

const inC: (shape: string) => Shape['command'] = shape => (workloads, seconds) => {
  const { application, missing, rates, cores } = workloads
  if (application === null) return { missing }
  return [application, shape, String(seconds), String(rates.c), String(cores)]
}

const streaming: (threads: (cores: number) => number, rate: 'stream' | 'streamAll') => Shape['command'] =
  (threads, rate) =>
  ({ application, missing, rates, cores }, seconds) =>
    application === null
      ? { missing }
      : [application, 'bandwidth', String(seconds), String(rates[rate]), String(threads(cores))]

const inNode: (shape: string) => Shape['command'] =
  shape =>
  ({ rates, cores }, seconds) => [
    process.execPath,
    nodeApplication,
    shape,
    String(seconds),
    String(rates.node),
    String(cores),
  ]

/** Ranks that poll while they wait; without MPI, threads that spin. */
const ranks: Shape['command'] = (workloads, seconds) => {
  const { mpi, rates, cores } = workloads
  if (mpi === null) return inC('polling')(workloads, seconds)
  return ['env', ...AS_ROOT, 'mpirun', '-n', String(cores), mpi, String(seconds), String(rates.c)]
}

/** Open MPI wants to be asked twice when root starts it; MPICH reads neither. */
const AS_ROOT = ['OMPI_ALLOW_RUN_AS_ROOT=1', 'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1']

const ownSession: Shape['command'] = (workloads, seconds) => {
  if (!installed('setsid')) return { missing: 'no setsid' }
  const command = inC('alternating')(workloads, seconds)
  return 'missing' in command ? command : ['setsid', '--wait', ...command]
}

const usual = { tasks: 'compute', ways: [PLAIN], leastSeconds: 0 } as const
const idle = { ...usual, idle: true, leastHarvest: 0.97 }
const inBursts = { ...usual, idle: true, leastHarvest: 0.8 }
const full = { ...usual, idle: false, leastHarvest: null }
/** Two phases of 3 s busy and 3 s asleep: it must come back to cores that it has left. */
const inPhases = { ...idle, leastSeconds: 12 }

/** `session` alternates as `alternating` does: what a session of its own costs shows when both want the same core. */
export const SHAPES: readonly Shape[] = [
  { name: 'one-core', ...idle, command: inC('one-core') },
  { name: 'all-cores', ...full, command: inC('all-cores') },
  { name: 'alternating', ...inPhases, command: inC('alternating') },
  { name: 'bursts', ...inBursts, command: inC('bursts') },
  { name: 'session', ...inPhases, command: ownSession },
  {
    name: 'bandwidth',
    tasks: 'stream',
    idle: true,
    leastHarvest: null,
    ways: [{ ...PLAIN, mostSlowdown: null }, LIMITED],
    leastSeconds: 0,
    command: streaming(streamingCores, 'stream'),
  },
  {
    name: 'bandwidth-all',
    ...full,
    tasks: 'stream',
    ways: [{ ...PLAIN, mostSlowdown: 1.03 }],
    command: streaming(cores => cores, 'streamAll'),
  },
  { name: 'moving', ...idle, command: inC('moving') },
  { name: 'ranks', ...full, command: ranks },
  { name: 'node-one-core', ...idle, command: inNode('one-core') },
  { name: 'node-bursts', ...inBursts, command: inNode('bursts') },
]

/** How long the application of a shape takes alone. */
export function secondsAlone({ leastSeconds }: Shape, seconds: number): number {
  return Math.max(leastSeconds, seconds)
}
