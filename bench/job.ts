import { type Figure, messageOf, rotated } from './measure.ts'
import type { PartResult } from './parts.ts'
import { type Shape, secondsAlone } from './shapes.ts'
import { type Method, missingFor, type RunRecord, runSideBySide } from './side-by-side.ts'
import type { Workloads } from './workloads.ts'

export interface JobOptions {
  readonly workloads: Workloads
  readonly shapes: readonly Shape[]
  readonly seconds: number
  readonly repetitions: number
  /** Repetitions in which other ways are measured too. */
  readonly alternatives: number
}

export const WITH_QUEUE = ['one-core', 'alternating', 'bursts']
const TASK_SECONDS = 0.5
/** Of the idle core-seconds that the application leaves alone: so much work fits, with room for its last tasks. */
const QUEUE_SHARE = 0.6

const OTHERS = [
  { method: 'after', label: 'the application, then the tasks' },
  { method: 'parallel', label: 'parallel --load + niceload' },
  { method: 'nice', label: 'nice -n 19' },
] as const

/**
 * A job of an application and a queue of tasks that fits its idle time: how long the job takes, from the start of the first
 * command to the end of the last, against the application alone. odop's own start and end are in it.
 */
export async function jobFigures(options: JobOptions): Promise<PartResult> {
  const figures: Figure[] = []
  const skipped: string[] = []
  const failed: string[] = []
  const details: Record<string, unknown> = {}
  const others = OTHERS.filter(({ method }) => missingFor(method) === null)
  for (const shape of options.shapes.filter(({ name }) => WITH_QUEUE.includes(name))) {
    const command = shape.command(options.workloads, options.seconds)
    if ('missing' in command) {
      skipped.push(`job, ${shape.name}: ${command.missing}`)
      continue
    }
    const seconds = secondsAlone(shape, options.seconds)
    const { runs, failures } = await measureJobs(command, others, { ...options, seconds })
    failed.push(...failures.map(message => `job, ${shape.name}, ${message}`))
    const ratios = (method: Method) => ratiosTo(runs, method)
    for (const { method, record, tasks } of runs.filter(run => !finished(run))) {
      skipped.push(`job, ${shape.name}, ${method}: only ${record.begun} of ${tasks} tasks within the limit`)
    }
    const label = `${shape.name} with a queue, odop --drain`
    figures.push(
      {
        name: `${label}: job’s time / application alone`,
        unit: '×',
        samples: ratios('odop'),
        target: { atMost: 1.02 },
      },
      ...aroundFigures(label, runs),
    )
    for (const { method, label } of options.alternatives > 0 ? others : []) {
      figures.push({
        name: `${shape.name} with a queue, ${label}: job’s time / application alone`,
        unit: '×',
        samples: ratios(method),
      })
    }
    details[shape.name] = runs
  }
  return { figures, skipped, failed, details }
}

/** What odop adds before and after the application, with the tasks that had not ended by then. */
function aroundFigures(label: string, runs: readonly JobRun[]): Figure[] {
  const records = runs.filter(run => run.method === 'odop' && finished(run)).map(({ record }) => record)
  return [
    {
      name: `${label}: before the application’s first instruction`,
      unit: 's',
      samples: records.map(({ beforeSeconds }) => beforeSeconds),
    },
    {
      name: `${label}: after its last one`,
      unit: 's',
      samples: records.map(({ afterSeconds }) => afterSeconds),
    },
  ]
}

interface JobRun {
  readonly method: Method
  readonly repetition: number
  readonly record: RunRecord
  readonly tasks: number | null
}

/** A job that was ended because it took too long gives no ratio. */
function finished({ record, tasks }: JobRun): boolean {
  return tasks === null || record.harvestedSeconds >= tasks * TASK_SECONDS * COUNTED_SHARE
}

/** The counters are in CPU time, which differs a little from what was calibrated. */
const COUNTED_SHARE = 0.8

async function measureJobs(
  application: readonly string[],
  others: readonly { readonly method: Method }[],
  { workloads, seconds, repetitions, alternatives }: JobOptions,
): Promise<{ runs: JobRun[]; failures: string[] }> {
  const runs: JobRun[] = []
  const failures: string[] = []
  const measure = async (method: Method, repetition: number, tasks: number | null) => {
    const limitSeconds = 30 + 4 * seconds
    const work = { kind: 'compute', seconds: TASK_SECONDS } as const
    try {
      const record = await runSideBySide({ method, workloads, application, work, tasks, limitSeconds })
      runs.push({ method, repetition, record, tasks })
    } catch (error) {
      failures.push(`${method}, repetition ${repetition + 1}: ${messageOf(error)}`)
    }
  }
  await measure('alone', 0, null)
  // The queue's length is that of the first repetition for all: a queue is fixed work too.
  const tasks = queueFor(runs[0]?.record.availableSeconds ?? 0)
  for (let repetition = 0; repetition < repetitions && runs.length > 0; repetition++) {
    const alone: Method[] = repetition === 0 ? [] : ['alone']
    const beside = repetition < alternatives ? others.map(({ method }) => method) : []
    for (const method of rotated<Method>([...alone, 'odop', ...beside], repetition)) {
      await measure(method, repetition, method === 'alone' ? null : tasks)
    }
  }
  return { runs, failures }
}

/** Tasks that fit so many idle core-seconds. */
function queueFor(availableSeconds: number): number {
  return Math.max(1, Math.floor((availableSeconds * QUEUE_SHARE) / TASK_SECONDS))
}

function ratiosTo(runs: readonly JobRun[], method: Method): number[] {
  return runs
    .filter(run => run.method === method && finished(run))
    .flatMap(({ repetition, record }) => {
      const alone = runs.find(run => run.method === 'alone' && run.repetition === repetition)
      return alone === undefined ? [] : [record.jobSeconds / alone.record.jobSeconds]
    })
}
