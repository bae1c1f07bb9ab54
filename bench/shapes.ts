import { installed, nodeApplication, type Workloads } from './workloads.ts'

/** An application that uses the cores in a way of its own. */
export interface Shape {
  readonly name: string
  /** Application's wall time beside tasks / alone. */
  readonly mostSlowdown: number
  /** Share of the idle core-seconds that tasks should get; null: the shape leaves none. */
  readonly leastHarvest: number | null
  /** Words of the command, or why the machine can't run it. */
  command(workloads: Workloads, seconds: number): readonly string[] | { readonly missing: string }
}

const inC: (shape: string) => Shape['command'] = shape => (workloads, seconds) => {
  const { application, missing, rates, cores } = workloads
  if (application === null) return { missing }
  const rate = shape === 'bandwidth' ? rates.stream : rates.c
  return [application, shape, String(seconds), String(rate), String(cores)]
}

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
  // Started by root, Open MPI wants to be asked twice; MPICH knows neither option nor question.
  return ['mpirun', '-n', String(cores), mpi, String(seconds), String(rates.c)]
}

const ownSession: Shape['command'] = (workloads, seconds) => {
  if (!installed('setsid')) return { missing: 'no setsid' }
  const command = inC('alternating')(workloads, seconds)
  return 'missing' in command ? command : ['setsid', '--wait', ...command]
}

const idle = { mostSlowdown: 1.01, leastHarvest: 0.97 }
const inBursts = { mostSlowdown: 1.01, leastHarvest: 0.8 }
const full = { mostSlowdown: 1.01, leastHarvest: null }

/** `session` alternates as `alternating` does: what a session of its own costs shows when both want the same core. */
export const SHAPES: readonly Shape[] = [
  { name: 'one-core', ...idle, command: inC('one-core') },
  { name: 'all-cores', ...full, command: inC('all-cores') },
  { name: 'alternating', ...idle, command: inC('alternating') },
  { name: 'bursts', ...inBursts, command: inC('bursts') },
  { name: 'session', ...idle, command: ownSession },
  {
    name: 'bandwidth',
    mostSlowdown: 1.03,
    leastHarvest: null,
    command: inC('bandwidth'),
  },
  { name: 'moving', ...idle, command: inC('moving') },
  { name: 'ranks', ...full, command: ranks },
  { name: 'node-one-core', ...idle, command: inNode('one-core') },
  { name: 'node-bursts', ...inBursts, command: inNode('bursts') },
]
