import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { busySeconds } from './machine.ts'
import { inFolder, odop } from './measure.ts'
import { type Ended, killTree, launch } from './processes.ts'
import { installed, nodeWork, type Workloads } from './workloads.ts'

/**
 * How tasks get their cores.
 *
 * - `alone`: there are none
 * - `odop`: background tasks, or the files of a folder, under `odop run`
 * - `parallel`: GNU parallel, which starts jobs only while the load is low, with niceload for each
 * - `nice`: as many workers as cores, with `nice -n 19`
 * - `after`: the tasks come when the application has ended, one on each core
 */
export type Method = 'alone' | 'odop' | 'parallel' | 'nice' | 'after'

export interface SideBySide {
  readonly method: Method
  readonly workloads: Workloads
  readonly application: readonly string[]
  /** CPU seconds of one task. */
  readonly taskSeconds: number
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
  /** CPU seconds of the tasks, by the counters that they write; those that were killed count too. */
  readonly harvestedSeconds: number
  /** What the application left: cores × its wall time − its CPU time. */
  readonly availableSeconds: number
  /**
   * Use of the cores that was neither the application's nor the tasks': odop itself or the other tool, and whatever else ran on the
   * machine. Nobody can harvest what others use: on a machine that is not quiet the shares say little.
   */
  readonly othersSeconds: number
  /** Tasks that were begun. */
  readonly begun: number
  /** Of an odop run: the account in summary.json, and when the first attempt started after the application. */
  readonly odop?: OdopRecord
}

export interface OdopRecord {
  readonly availableSeconds: number
  readonly harvestedSeconds: number
  readonly odopSeconds: number
  readonly share: number
  readonly appRunDelaySeconds: number | null
  readonly attempts: number
  readonly failed: number
  readonly firstAttemptSeconds: number | null
  readonly notes: readonly string[]
}

/** Why a method can't be measured here; null: it can. */
export function missingFor(method: Method): string | null {
  if (method === 'parallel' && !(installed('parallel') && installed('niceload'))) return 'no GNU parallel'
  return null
}

export function runSideBySide(options: SideBySide): Promise<RunRecord> {
  return inFolder(async folder => {
    mkdirSync(path.join(folder, 'counters'))
    const run = options.method === 'odop' ? underOdop : withWorkers
    const before = busySeconds()
    const { application, jobSeconds, odop } = await run(options, folder)
    const used = busySeconds() - before
    const { wallSeconds, cpuSeconds } = ownAccount(application)
    const counters = countersIn(folder)
    const harvestedSeconds = counters.reduce((sum, seconds) => sum + seconds, 0)
    return {
      wallSeconds,
      cpuSeconds,
      jobSeconds,
      harvestedSeconds,
      availableSeconds: options.workloads.cores * wallSeconds - cpuSeconds,
      othersSeconds: Math.max(0, used - cpuSeconds - harvestedSeconds),
      begun: counters.length,
      ...(odop && { odop }),
    }
  })
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
  const beside = method === 'parallel' || method === 'nice' ? workers() : null
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
  const burn = burnWords(options, folder)
    .map(word => `'${word}'`)
    .join(' ')
  const jobs = `seq ${tasks ?? ENDLESS}`
  switch (method) {
    case 'parallel':
      return `${jobs} | parallel --will-cite -j ${cores} --load 100% --noswap niceload -n 19 -L ${cores} ${burn}`
    case 'nice':
      return `${jobs} | xargs -P ${cores} -n 1 nice -n 19 ${burn}`
    default:
      return `${jobs} | xargs -P ${cores} -n 1 ${burn}`
  }
}

/** A program; where there is no compiler, Node with the same work. Further words are ignored. */
function burnWords({ workloads, taskSeconds }: SideBySide, folder: string): string[] {
  const { burn, rates } = workloads
  const counters = path.join(folder, 'counters')
  if (burn !== null) return [burn, String(Math.round(taskSeconds * rates.c)), counters]
  const script = `import(process.argv[1]).then(({ burn }) => burn(${Math.round(taskSeconds * rates.node)}, process.argv[2], "0"))`
  return [process.execPath, '-e', script, nodeWork, counters]
}

async function underOdop(options: SideBySide, folder: string): Promise<Ran> {
  writeTask(options, folder)
  const drain = options.tasks === null ? [] : ['--drain']
  const flags = ['--quiet', '--name', 'bench', '--summary', 'summary.json', ...drain]
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
  writeFileSync(
    path.join(folder, 'tasks', 'burn.js'),
    `import { fileIn, task } from 'odop'
export default task({ name: 'burn', ${queued}, command: () => ${JSON.stringify(burnWords(options, folder))} })
`,
  )
}

function odopRecord(folder: string, { stderr }: Ended): OdopRecord {
  const summary = readSummary(path.join(folder, 'summary.json'), stderr)
  const sum = (key: 'attempts' | 'failed') => summary.tasks.reduce((total, task) => total + task[key], 0)
  return {
    availableSeconds: summary.harvest.availableCoreSeconds,
    harvestedSeconds: summary.harvest.harvestedCoreSeconds,
    odopSeconds: summary.totals.coreSeconds.odop,
    share: summary.harvest.share,
    appRunDelaySeconds: summary.totals.appRunDelaySeconds,
    attempts: sum('attempts'),
    failed: sum('failed'),
    firstAttemptSeconds: firstAttempt(path.join(folder, 'odop', 'runs', 'bench', 'events.ndjson')),
    notes: [...summary.notes, ...stderr.split('\n').filter(line => line !== '')],
  }
}

interface Summary {
  readonly harvest: {
    readonly availableCoreSeconds: number
    readonly harvestedCoreSeconds: number
    readonly share: number
  }
  readonly totals: {
    readonly coreSeconds: { readonly odop: number }
    readonly appRunDelaySeconds: number | null
  }
  readonly tasks: readonly { readonly attempts: number; readonly failed: number }[]
  readonly notes: readonly string[]
}

function readSummary(file: string, stderr: string): Summary {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new Error(`odop has written no summary: ${stderr.trim()}`, { cause })
  }
}

function firstAttempt(journal: string): number | null {
  const at = (type: string) => {
    const line = readFileSync(journal, 'utf8')
      .split('\n')
      .find(text => text.includes(`"type":"${type}"`))
    return line === undefined ? null : (JSON.parse(line).at as number)
  }
  const [application, attempt] = [at('application-started'), at('attempt-started')]
  return application === null || attempt === null ? null : (attempt - application) / 1000
}

function ownAccount({ stdout, stderr, code, signal }: Ended): {
  wallSeconds: number
  cpuSeconds: number
} {
  try {
    return JSON.parse(stdout)
  } catch (cause) {
    const how = `code ${code}, signal ${signal}, output ${JSON.stringify(stdout)}`
    throw new Error(`the application gave no account of itself (${how}): ${stderr.trim()}`, { cause })
  }
}

function countersIn(folder: string): number[] {
  const counters = path.join(folder, 'counters')
  return readdirSync(counters).map(name => {
    const bytes = readFileSync(path.join(counters, name))
    return bytes.length < 8 ? 0 : bytes.readDoubleLE()
  })
}
