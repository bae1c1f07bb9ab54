import type { Figure } from './measure.ts'
import type { PartResult } from './parts.ts'
import type { Shape } from './shapes.ts'
import { type Method, missingFor, type RunRecord, runSideBySide } from './side-by-side.ts'
import type { Workloads } from './workloads.ts'

export interface HarvestOptions {
  readonly workloads: Workloads
  readonly shapes: readonly Shape[]
  /** About how long an application takes alone. */
  readonly seconds: number
  readonly repetitions: number
  /** CPU seconds of a task, each measured by itself. */
  readonly taskSeconds: readonly number[]
  /** Repetitions in which other tools are measured too. */
  readonly alternatives: number
}

/** One way to run beside the application, and what it gave in each repetition. */
interface Series {
  readonly label: string
  readonly method: Method
  readonly taskSeconds: number
  readonly runs: { readonly repetition: number; readonly record: RunRecord }[]
}

/** Other tools are shown where there is something to harvest and the application wants it back. */
const WITH_ALTERNATIVES = ['one-core', 'alternating', 'bursts']
const ALTERNATIVE_TASK_SECONDS = 1

/**
 * What background tasks on all idle time cost each application, and how much of the idle time they got. A ratio is always one
 * of two runs of the same repetition: the machine may be faster or slower in the next one.
 */
export async function harvestFigures(options: HarvestOptions): Promise<PartResult> {
  const figures: Figure[] = []
  const skipped: string[] = []
  const details: Record<string, unknown> = {}
  const others: number[] = []
  for (const shape of options.shapes) {
    const command = shape.command(options.workloads, options.seconds)
    if ('missing' in command) {
      skipped.push(`harvest, ${shape.name}: ${command.missing}`)
      continue
    }
    const { alone, series } = await measureShape(shape, command, options)
    figures.push(...series.flatMap(one => figuresOf(shape, alone, one)))
    others.push(...alone.runs.map(({ record }) => shareOfOthers(record, options.workloads)))
    details[shape.name] = { alone: alone.runs, series }
  }
  if (options.alternatives > 0) {
    for (const method of ['parallel', 'nice'] as const) {
      const missing = missingFor(method)
      if (missing !== null) skipped.push(`harvest beside ${method}: ${missing}`)
    }
  }
  if (others.length > 0) figures.push({ name: OTHERS, unit: '%', samples: others })
  return { figures, skipped, details }
}

const OTHERS = 'cores used by others while applications ran alone'

function shareOfOthers({ othersSeconds, jobSeconds }: RunRecord, { cores }: Workloads): number {
  return (othersSeconds / (jobSeconds * cores)) * 100
}

async function measureShape(shape: Shape, application: readonly string[], options: HarvestOptions) {
  const { workloads, seconds, repetitions } = options
  const alone = seriesOf('alone', 'alone', 0)
  // Where nothing is idle, size matters little: the smallest costs the most starts.
  const sizes = shape.leastHarvest === null ? options.taskSeconds.slice(-1) : options.taskSeconds
  const odop = sizes.map(size => seriesOf(`odop, tasks of ${size} s`, 'odop', size))
  const others = alternativesOf(shape)
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const now = [alone, ...odop, ...(repetition < options.alternatives ? others : [])]
    for (const one of rotated(now, repetition)) {
      const record = await runSideBySide({
        method: one.method,
        workloads,
        application,
        taskSeconds: one.taskSeconds,
        tasks: null,
        limitSeconds: 60 + 10 * seconds,
      })
      one.runs.push({ repetition, record })
    }
  }
  return { alone, series: [...odop, ...others] }
}

function alternativesOf({ name }: Shape): Series[] {
  if (!WITH_ALTERNATIVES.includes(name)) return []
  const parallel =
    missingFor('parallel') === null
      ? [seriesOf('parallel --load + niceload', 'parallel', ALTERNATIVE_TASK_SECONDS)]
      : []
  return [...parallel, seriesOf('nice -n 19', 'nice', ALTERNATIVE_TASK_SECONDS)]
}

function seriesOf(label: string, method: Method, taskSeconds: number): Series {
  return { label, method, taskSeconds, runs: [] }
}

/** Each repetition begins with another one: what the machine does by and by hits all of them alike. */
export function rotated<T>(list: readonly T[], by: number): T[] {
  const from = by % list.length
  return [...list.slice(from), ...list.slice(0, from)]
}

function figuresOf({ name, mostSlowdown, leastHarvest }: Shape, alone: Series, one: Series): Figure[] {
  const records = one.runs.map(({ record }) => record)
  if (records.length === 0) return []
  const label = `${name}, ${one.label}`
  const isOdop = one.method === 'odop'
  const targets = (target: Figure['target']) => (isOdop && target ? { target } : {})
  const ratio: Figure = {
    name: `${label}: application’s time / alone`,
    unit: '×',
    samples: pairedRatios(one, alone),
    ...targets({ atMost: mostSlowdown }),
  }
  if (leastHarvest === null) return [ratio]
  return [
    ratio,
    {
      name: `${label}: harvested / available`,
      unit: '',
      samples: records.map(({ harvestedSeconds, availableSeconds }) => harvestedSeconds / availableSeconds),
      ...targets({ atLeast: leastHarvest }),
    },
    ...(isOdop ? odopFigures(label, records) : []),
  ]
}

function pairedRatios(one: Series, alone: Series): number[] {
  return one.runs.flatMap(({ repetition, record }) => {
    const base = alone.runs.find(run => run.repetition === repetition)?.record.wallSeconds
    return base === undefined ? [] : [record.wallSeconds / base]
  })
}

/** odop's own account beside that of the tasks, and what the start of the run costs: its share shrinks with longer runs. */
function odopFigures(label: string, records: readonly RunRecord[]): Figure[] {
  const odop = records.flatMap(record => record.odop ?? [])
  return [
    {
      name: `${label}: the same by summary.json`,
      unit: '',
      samples: odop.map(({ share }) => share),
    },
    {
      name: `${label}: until the first attempt`,
      unit: 's',
      samples: odop.flatMap(({ firstAttemptSeconds }) => firstAttemptSeconds ?? []),
    },
  ]
}
