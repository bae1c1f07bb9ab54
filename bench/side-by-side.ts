import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Account, availableFrom, monotonicSeconds, readAccount } from './account.ts'
import { busySeconds, loadAverage } from './machine.ts'
import { inFolder, odop, sleep } from './measure.ts'
import { type OdopRecord, odopRecord } from './odop-record.ts'
import { type Ended, killTree, launch } from './processes.ts'
import { burnWords, type Counter, countersIn, type Tasks, taskModule, type Work } from './task-work.ts'
import { installed, type Workloads } from './workloads.ts'

/**
 * How tasks get their cores.
 *
 * - `alone`: there are none
 * - `odop`: background tasks, or the files of a folder, under `odop run`
 * - `parallel`: GNU parallel, which starts jobs only while the load is low, with niceload for each
 * - `nice`: as many workers as cores, with `nice -n 19`
 * - `limit`: one endless program for each core, at SCHED_IDLE: what the kernel gives away at most
 * - `after`: the tasks come when the application has ended, one on each core
 */
export type Method = 'alone' | 'odop' | 'parallel' | 'nice' | 'limit' | 'after'

export interface SideBySide {
  readonly method: Method
  readonly workloads: Workloads
  readonly application: readonly string[]
  readonly work: Work
  /** Further options of `odop run`. */
  readonly flags?: readonly string[]
  /** null: without end, as long as the application runs. Otherwise all of them are waited for. */
  readonly tasks: number | null
  readonly limitSeconds: number
}

/** One run, as its own application, its own tasks and the bench's clock saw it. */
export interface RunRecord {
  /** The application's own account of itself. */
  readonly wallSeconds: number
  readonly cpuSeconds: number
  /** Until application and tasks (and odop) had ended. */
  readonly jobSeconds: number
  /** Of these, before the application's first instruction and after its last one. */
  readonly beforeSeconds: number
  readonly afterSeconds: number
  /** CPU seconds of the tasks, by the counters that they write; those that were killed count too. */
  readonly harvestedSeconds: number
  /** What the application left: cores × its wall time − its CPU time. */
  readonly availableSeconds: number
  /** From the application's first instruction to the first task's; null: there was no task. */
  readonly firstTaskSeconds: number | null
  /** What the application left from then on. */
  readonly availableFromThenSeconds: number | null
  /**
   * Use of the cores that was neither the application's nor the tasks': odop itself or the other tool, and whatever else ran on the
   * machine. Nobody can harvest what others use: on a machine that is not quiet the shares say little.
   */
  readonly othersSeconds: number
  /** Tasks that were begun. */
  readonly begun: number
  /** Of an odop run: the account in summary.json. */
  readonly odop?: OdopRecord
}

/** Why a method can't be measured here; null: it can. */
export function missingFor(method: Method): string | null {
  if (method === 'parallel' && !(installed('parallel') && installed('niceload'))) return 'no GNU parallel'
  if (method === 'limit' && !installed('chrt')) return 'no chrt'
  return null
}

export async function runSideBySide(options: SideBySide): Promise<RunRecord> {
  if (options.method === 'parallel') await calm(options.workloads.cores)
  return inFolder(async folder => {
    for (const name of [COUNTERS, 'progress']) mkdirSync(path.join(folder, name))
    const run = options.method === 'odop' ? underOdop : withWorkers
    const before = { busy: busySeconds(), time: monotonicSeconds() }
    const { application, jobSeconds, odop } = await run(options, folder)
    const used = busySeconds() - before.busy
    const account = readAccount(application)
    const harvest = harvestOf(account, countersIn(path.join(folder, COUNTERS)), options.workloads.cores)
    const { wallSeconds, cpuSeconds, startedSeconds } = account
    const beforeSeconds = startedSeconds - before.time
    return {
      wallSeconds,
      cpuSeconds,
      jobSeconds,
      beforeSeconds,
      afterSeconds: jobSeconds - beforeSeconds - wallSeconds,
      ...harvest,
      othersSeconds: Math.max(0, used - cpuSeconds - harvest.harvestedSeconds),
      ...(odop && { odop }),
    }
  })
}

function harvestOf(account: Account, counters: readonly Counter[], cores: number) {
  const first = Math.min(...counters.map(({ beganSeconds }) => beganSeconds)) - account.startedSeconds
  return {
    begun: counters.length,
    harvestedSeconds: counters.reduce((sum, { usedSeconds }) => sum + usedSeconds, 0),
    availableSeconds: availableFrom(account, cores, 0),
    firstTaskSeconds: counters.length === 0 ? null : first,
    availableFromThenSeconds:
      counters.length === 0 ? null : availableFrom(account, cores, Math.max(0, first)),
  }
}

/**
 * niceload goes by the load average of the last minute, and parallel by what runs right now: what the bench itself has just
 * run must not count against them.
 */
async function calm(cores: number): Promise<void> {
  for (let second = 0; second < MOST_CALM_SECONDS && loadAverage() >= cores; second++) await sleep(1000)
}

/** The average falls to a third in this time. */
export const MOST_CALM_SECONDS = 60

const COUNTERS = 'counters'

function tasksOf({ work, workloads }: SideBySide, folder: string): Tasks {
  return { work, workloads, counters: path.join(folder, COUNTERS) }
}

interface Ran {
  readonly application: Ended
  readonly jobSeconds: number
  readonly odop?: OdopRecord
}

/** Everything but odop: the application, and the tasks beside or after it. */
async function withWorkers(options: SideBySide, folder: string): Promise<Ran> {
  const { method, tasks, limitSeconds } = options
  const before = performance.now()
  const where = { cwd: folder, limitSeconds }
  const workers = () => launch(['sh', '-c', workersCommand(options, folder)], where)
  const beside = method === 'after' || method === 'alone' ? null : workers()
  const application = await launch(options.application, where).ended
  if (tasks === null) killTree(beside?.child.pid ?? 0)
  await beside?.ended
  if (method === 'after') await workers().ended
  return { application, jobSeconds: (performance.now() - before) / 1000 }
}

/** Enough for any run of the bench. */
const ENDLESS = 1_000_000

function workersCommand(options: SideBySide, folder: string): string {
  const { method, workloads, tasks } = options
  const { cores } = workloads
  const burn = burnWords(tasksOf(options, folder))
    .map(word => `'${word}'`)
    .join(' ')
  const jobs = `seq ${tasks ?? ENDLESS}`
  switch (method) {
    case 'parallel':
      // parallel alone decides when to start: niceload's own start limit would hold each job back once more, by the last minute's load.
      return `${jobs} | parallel --will-cite -j ${cores} --load 100% --noswap niceload -n 19 --run-load ${cores} ${burn}`
    case 'nice':
      return `${jobs} | xargs -P ${cores} -n 1 nice -n 19 ${burn}`
    case 'limit':
      return `seq ${cores} | xargs -P ${cores} -n 1 chrt -i 0 nice -n 19 ${burn}`
    default:
      return `${jobs} | xargs -P ${cores} -n 1 ${burn}`
  }
}

async function underOdop(options: SideBySide, folder: string): Promise<Ran> {
  writeTask(options, folder)
  const drain = options.tasks === null ? [] : ['--drain']
  const flags = [
    '--quiet',
    '--name',
    'bench',
    '--summary',
    'summary.json',
    ...drain,
    ...(options.flags ?? []),
  ]
  const ended = await launch([odop, 'run', ...flags, '--', ...options.application], {
    cwd: folder,
    env: { ODOP_PATH: path.join(folder, 'odop') },
    limitSeconds: options.limitSeconds,
  }).ended
  return { application: ended, jobSeconds: ended.seconds, odop: odopRecord(folder, ended) }
}

/** Twice as many replicas as cores: there is always a next work item, whatever the trigger takes to queue another. */
function writeTask(options: SideBySide, folder: string): void {
  const { tasks, workloads } = options
  mkdirSync(path.join(folder, 'tasks'))
  mkdirSync(path.join(folder, 'queue'))
  for (let file = 0; file < (tasks ?? 0); file++) writeFileSync(path.join(folder, 'queue', `${file}`), '')
  const queued = tasks === null ? `replicas: ${2 * workloads.cores}` : `trigger: fileIn('queue')`
  writeFileSync(path.join(folder, 'tasks', 'burn.js'), taskModule(tasksOf(options, folder), queued))
}
