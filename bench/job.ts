import { rotated } from './harvest.ts'
import type { Figure } from './measure.ts'
import type { PartResult } from './parts.ts'
import type { Shape } from './shapes.ts'
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

const WITH_QUEUE = ['one-core', 'alternating', 'bursts']
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
  const details: Record<string, unknown> = {}
  const others = OTHERS.filter(({ method }) => missingFor(method) === null)
  for (const shape of options.shapes.filter(({ name }) => WITH_QUEUE.includes(name))) {
    const command = shape.command(options.workloads, options.seconds)
    if ('missing' in command) {
      skipped.push(`job, ${shape.name}: ${command.missing}`)
      continue
    }
    const runs = await measureJobs(command, others, options)
    const ratios = (method: Method) => ratiosTo(runs, method)
    for (const { method, record, tasks } of runs.filter(run => !finished(run))) {
      skipped.push(`job, ${shape.name}, ${method}: only ${record.begun} of ${tasks} tasks within the limit`)
    }
    figures.push({
      name: `${shape.name} with a queue, odop --drain: job’s time / application alone`,
      unit: '×',
      samples: ratios('odop'),
      target: { atMost: 1.02 },
    })
    for (const { method, label } of options.alternatives > 0 ? others : []) {
      figures.push({
        name: `${shape.name} with a queue, ${label}: job’s time / application alone`,
        unit: '×',
        samples: ratios(method),
      })
    }
    details[shape.name] = runs
  }
  return { figures, skipped, details }
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
): Promise<JobRun[]> {
  const runs: JobRun[] = []
  const measure = async (method: Method, repetition: number, tasks: number | null) => {
    const limitSeconds = 30 + 4 * seconds
    const one = { method, workloads, application, taskSeconds: TASK_SECONDS, tasks, limitSeconds }
    const record = await runSideBySide(one)
    runs.push({ method, repetition, record, tasks })
    return record
  }
  for (let repetition = 0; repetition < repetitions; repetition++) {
    // The queue's length is that of the first repetition for all: a queue is fixed work too.
    const first = runs[0]?.record ?? (await measure('alone', 0, null))
    const tasks = Math.max(1, Math.floor((first.availableSeconds * QUEUE_SHARE) / TASK_SECONDS))
    const alone: Method[] = repetition === 0 ? [] : ['alone']
    const beside = repetition < alternatives ? others.map(({ method }) => method) : []
    for (const method of rotated<Method>([...alone, 'odop', ...beside], repetition)) {
      await measure(method, repetition, method === 'alone' ? null : tasks)
    }
  }
  return runs
}

function ratiosTo(runs: readonly JobRun[], method: Method): number[] {
  return runs
    .filter(run => run.method === method && finished(run))
    .flatMap(({ repetition, record }) => {
      const alone = runs.find(run => run.method === 'alone' && run.repetition === repetition)
      return alone === undefined ? [] : [record.jobSeconds / alone.record.jobSeconds]
    })
}
