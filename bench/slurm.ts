import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Cluster, noCluster, startCluster } from '../test/slurm/cluster.ts'
import { type Account, readAccount } from './account.ts'
import { fileTimes } from './latency.ts'
import { type Figure, odop, quantile, rotated } from './measure.ts'
import type { PartResult } from './parts.ts'
import { countersIn, type Tasks, taskModule } from './task-work.ts'
import type { Workloads } from './workloads.ts'

export interface SlurmOptions {
  readonly workloads: Workloads
  readonly seconds: number
  readonly repetitions: number
  readonly files: number
}

/**
 * A job on a real cluster of two nodes, each with one core of this machine: what an overlapping step of tasks costs an
 * application on both nodes, and how soon the other node works.
 */
export async function slurmFigures(options: SlurmOptions): Promise<PartResult> {
  const missing = noCluster ?? (options.workloads.application === null ? options.workloads.missing : null)
  if (missing !== null) return { figures: [], skipped: [`slurm: ${missing}`] }
  await using cluster = await startCluster()
  const jobs: Job[] = []
  for (let repetition = 0; repetition < options.repetitions; repetition++) {
    for (const beside of rotated([false, true], repetition))
      jobs.push(await job(cluster, { ...options, beside }, `job${repetition}${beside ? 'odop' : 'alone'}`))
  }
  return {
    figures: [...jobFigures(jobs), ...(await latencyFigures(cluster, options.files))],
    skipped: [],
    details: jobs,
  }
}

/** One job as its ranks, its tasks and, under odop, its journal saw it. */
interface Job {
  readonly beside: boolean
  /** From the first rank's first instruction to the last one's last. */
  readonly wallSeconds: number
  readonly ranks: readonly Account[]
  readonly harvestedSeconds: number
  readonly odop: OdopJob | null
}

interface OdopJob {
  readonly agentSeconds: number
  /** What the summary says that the application has used on each node. */
  readonly appSeconds: number
}

interface JobOptions extends SlurmOptions {
  readonly beside: boolean
}

/** The ranks compute for 3 s and rest for 3 s; the tasks take 1 s each, on all that is idle. */
async function job(cluster: Cluster, options: JobOptions, name: string): Promise<Job> {
  const { workloads, seconds, beside } = options
  const folder = path.join(cluster.folder, name)
  const counters = path.join(folder, 'counters')
  for (const each of [counters, path.join(folder, 'tasks')]) mkdirSync(each, { recursive: true })
  const tasks: Tasks = { work: { kind: 'compute', seconds: 1 }, workloads, counters }
  writeFileSync(path.join(folder, 'tasks', 'burn.js'), taskModule(tasks, 'replicas: 4'))
  const application = `srun --nodes=2 --ntasks=2 --output=rank%t ${workloads.application} alternating ${seconds} ${workloads.rates.c} 1`
  const wrapped = `${odop} run --quiet --name bench --summary summary.json -- ${application}`
  const { state, output } = await cluster.submit(beside ? wrapped : application, {
    cwd: folder,
    environment: { ODOP_PATH: path.join(folder, 'odop') },
    options: ['--nodes=2'],
  })
  if (state !== 'COMPLETED') throw new Error(`the job has ended as ${state}: ${output}`)
  const ranks = [0, 1].map(rank => {
    const stdout = readFileSync(path.join(folder, `rank${rank}`), 'utf8')
    return readAccount({ stdout, stderr: output, code: 0, signal: null, seconds: 0 })
  })
  const begun = Math.min(...ranks.map(({ startedSeconds }) => startedSeconds))
  const ended = Math.max(...ranks.map(({ startedSeconds, wallSeconds }) => startedSeconds + wallSeconds))
  return {
    beside,
    wallSeconds: ended - begun,
    ranks,
    harvestedSeconds: countersIn(counters).reduce((sum, { usedSeconds }) => sum + usedSeconds, 0),
    odop: beside ? odopJob(folder) : null,
  }
}

function odopJob(folder: string): OdopJob {
  const events = readFileSync(path.join(folder, 'odop/runs/bench/events.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map(
      line => JSON.parse(line) as { readonly type?: string; readonly at: number; readonly facts?: unknown },
    )
  const launched = events.find(({ type }) => type === 'launch-started')?.at ?? Number.NaN
  const joined = events.filter(({ type }) => type === 'node-joined').map(({ at }) => at)
  const summary: { readonly totals: { readonly coreSeconds: { readonly app: number } } } = JSON.parse(
    readFileSync(path.join(folder, 'summary.json'), 'utf8'),
  )
  return {
    agentSeconds: (Math.max(...joined) - launched) / 1000,
    appSeconds: summary.totals.coreSeconds.app,
  }
}

function jobFigures(jobs: readonly Job[]): Figure[] {
  const alone = jobs.filter(({ beside }) => !beside)
  const besides = jobs.filter(({ beside }) => beside)
  const cpuSeconds = ({ ranks }: Job) => ranks.reduce((sum, rank) => sum + rank.cpuSeconds, 0)
  return [
    {
      name: 'slurm, two nodes: application’s time with tasks through the overlapping step / alone',
      unit: '×',
      samples: besides.map((run, index) => run.wallSeconds / (alone[index]?.wallSeconds ?? Number.NaN)),
      target: { atMost: 1.02 },
    },
    {
      name: 'slurm, two nodes: harvested / available',
      unit: '',
      samples: besides.map(run => run.harvestedSeconds / (2 * run.wallSeconds - cpuSeconds(run))),
    },
    {
      name: 'slurm, two nodes: launch → all agents ready',
      unit: 's',
      samples: besides.map(run => run.odop?.agentSeconds ?? Number.NaN),
      target: { atMost: 0.5 },
    },
    {
      name: 'slurm, two nodes: application’s core-seconds in the summary / CPU time of its ranks',
      unit: '×',
      samples: besides.map(run => (run.odop?.appSeconds ?? Number.NaN) / cpuSeconds(run)),
    },
  ]
}

/** Writes a file now and then, notes when it was closed, and never leaves its core. */
const WRITER = `
const fs = require('node:fs')
const wait = milliseconds => { const end = performance.now() + milliseconds; while (performance.now() < end); }
wait(3000)
for (let n = 0; n < COUNT; n++) {
  fs.writeFileSync('data/' + n + '.bin', 'x'.repeat(10000))
  fs.appendFileSync('closed', n + ' ' + process.hrtime.bigint() + '\\n')
  wait(100 + ((n * 137) % 200))
}
wait(1000)`

const NOTE = `import { appendFileSync } from 'node:fs'
import path from 'node:path'
import { fileIn, task } from 'odop'
export default task({ name: 'note', trigger: fileIn('data') }, ({ file }) => {
  appendFileSync('began', path.basename(file, '.bin') + ' ' + process.hrtime.bigint() + ' ' + process.env.SLURMD_NODENAME + '\\n')
})
`

/** The application keeps the first node busy: what it writes there is processed on the second. */
async function latencyFigures(cluster: Cluster, count: number): Promise<Figure[]> {
  const folder = path.join(cluster.folder, 'latency')
  for (const name of ['tasks', 'data']) mkdirSync(path.join(folder, name), { recursive: true })
  writeFileSync(path.join(folder, 'tasks/note.js'), NOTE)
  writeFileSync(path.join(folder, 'writer.cjs'), WRITER.replace('COUNT', String(count)))
  const application = `srun --nodes=1 --ntasks=1 --nodelist=n1 ${process.execPath} writer.cjs`
  const { output } = await cluster.submit(`${odop} run --quiet --drain -- ${application}`, {
    cwd: folder,
    environment: { ODOP_PATH: path.join(folder, 'odop') },
    options: ['--nodes=2'],
  })
  const closed = fileTimes(path.join(folder, 'closed'))
  const began = fileTimes(path.join(folder, 'began'))
  const samples = [...began].map(([n, at]) => Number(at - (closed.get(n) ?? at)) / 1e6)
  const there = readFileSync(path.join(folder, 'began'), 'utf8').match(/ n2$/gm)?.length ?? 0
  if (samples.length < count)
    throw new Error(
      `${count - samples.length} of ${readdirSync(path.join(folder, 'data')).length} files were not processed: ${output}`,
    )
  const name = 'slurm, two nodes: file closed on a busy node → first line of the task on the other'
  return [
    { name, unit: 'ms', samples, target: { atMost: 200 } },
    { name: `${name}, 99th percentile`, unit: 'ms', samples: [quantile(samples, 0.99)] },
    {
      name: 'slurm, two nodes: of these files, share processed on the other node',
      unit: '',
      samples: [there / count],
    },
  ]
}
