import { isMainThread } from 'node:worker_threads'
import { writeStderr } from '../os/stderr.ts'
import type { StartRequest } from './messages.ts'
import { inert, type Odop, startOdop } from './odop.ts'
import type { MonitorOptions, StartOptions } from './options.ts'

/**
 * Starts odop beside this program: its idle cores, and those that its worker threads and children leave, are used for tasks. Never
 * rejects: where odop can't be started the program goes on without it, and `problem` says why.
 */
export function start(options: StartOptions = {}): Promise<Odop> {
  return begin(options, 'run')
}

/** The same without tasks: measures what could be harvested. */
export function monitor(options: MonitorOptions = {}): Promise<Odop> {
  return begin(options, 'monitor')
}

/** Calls the function with odop beside it, and stops odop when it has returned or thrown. */
export async function runtime<T>(options: StartOptions, work: (odop: Odop) => T | Promise<T>): Promise<T> {
  const odop = await start(options)
  try {
    return await work(odop)
  } finally {
    await odop.stop()
  }
}

/** Whether odop is there already: one for all copies of this module in the process. */
const STARTED = Symbol.for('odop.started')
const shared = globalThis as { [STARTED]?: boolean }

async function begin(options: unknown, mode: StartRequest['mode']): Promise<Odop> {
  const request = requestFor(options, mode)
  const rank = rankOf(process.env)
  // Nothing is wrong then, and all other ranks would say so.
  if (rank > 0) return inert(`odop is started by rank 0 of the program, and this is rank ${rank}`)
  const obstacle = typeof request === 'string' ? request : obstacleTo(process.env)
  if (typeof request === 'string' || obstacle !== null) {
    writeStderr(`odop: ${obstacle}\n`)
    return inert(obstacle ?? '')
  }
  shared[STARTED] = true
  return startOdop(request, () => {
    shared[STARTED] = false
  })
}

/** Why odop is not to be started here; null: nothing is against it. */
function obstacleTo(environment: NodeJS.ProcessEnv): string | null {
  if (environment['ODOP_RUNNER'] || environment['ODOP_LOADER'])
    return 'a task must not start odop: leave start() to the program whose tasks these are'
  if (!isMainThread)
    return 'odop can be started from the main thread only: it watches the worker threads, too'
  if (shared[STARTED]) return 'odop has been started already in this program; stop() ends it'
  return null
}

/** 0 also where the program is none of several. */
function rankOf(environment: NodeJS.ProcessEnv): number {
  return Math.max(...RANK_VARIABLES.map(name => Number(environment[name]) || 0))
}

/** What Slurm, Open MPI, MPICH and PMIx call a rank. */
const RANK_VARIABLES = ['SLURM_PROCID', 'OMPI_COMM_WORLD_RANK', 'PMI_RANK', 'PMIX_RANK']

/** What can't be sent is what is wrong. */
function requestFor(options: unknown, mode: StartRequest['mode']): StartRequest | string {
  try {
    return {
      pid: process.pid,
      mode,
      command: process.argv,
      cwd: process.cwd(),
      environment: { ...process.env },
      options: JSON.parse(JSON.stringify(options)),
    }
  } catch (error) {
    return `the options of start() can't be used: ${error instanceof Error ? error.message : String(error)}`
  }
}
