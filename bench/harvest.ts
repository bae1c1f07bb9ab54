import { type Figure, messageOf, rotated } from './measure.ts'
import type { PartResult } from './parts.ts'
import { type Shape, secondsAlone, type Way } from './shapes.ts'
import { type Method, missingFor, type RunRecord, runSideBySide } from './side-by-side.ts'
import type { Work } from './task-work.ts'
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
interface Series extends Planned {
  readonly runs: { readonly repetition: number; readonly record: RunRecord }[]
}

interface Planned {
  readonly label: string
  readonly method: Method
  readonly work: Work
  /** Of odop: how it is run. */
  readonly way?: Way
}

/** Other tools are shown where there is something to harvest and the application wants it back. */
const WITH_ALTERNATIVES = ['one-core', 'alternating', 'bursts', 'session', 'bandwidth']
/** Also of tasks that stream: they fill their arrays first. */
const USUAL_TASK_SECONDS = 1
/** Where small tasks are measured, they are measured as functions too: a process for each is a cost of its own. */
const WITH_FUNCTIONS = ['one-core', 'alternating', 'bursts']
const SMALL_TASK_SECONDS = 0.5

/**
 * What background tasks on all idle time cost each application, and how much of the idle time they got. A ratio is always one
 * of two runs of the same repetition: the machine may be faster or slower in the next one.
 */
export async function harvestFigures(options: HarvestOptions): Promise<PartResult> {
  const figures: Figure[] = []
  const skipped: string[] = []
  const failed: string[] = []
  const details: Record<string, unknown> = {}
  const others: number[] = []
  for (const shape of options.shapes) {
    const command = shape.command(options.workloads, options.seconds)
    if ('missing' in command) {
      skipped.push(`harvest, ${shape.name}: ${command.missing}`)
      continue
    }
    const { alone, series, failures } = await measureShape(shape, command, options)
    figures.push(...series.flatMap(one => figuresOf(shape, alone, one)))
    others.push(...alone.runs.map(({ record }) => shareOfOthers(record, options.workloads)))
    failed.push(...failures)
    details[shape.name] = { alone: alone.runs, series }
  }
  if (options.alternatives > 0) {
    for (const method of ['parallel', 'nice', 'limit'] as const) {
      const missing = missingFor(method)
      if (missing !== null) skipped.push(`harvest beside ${method}: ${missing}`)
    }
  }
  if (others.length > 0) figures.push({ name: OTHERS, unit: '%', samples: others })
  return { figures, skipped, failed, details }
}

const OTHERS = 'cores used by others while applications ran alone'

function shareOfOthers({ othersSeconds, jobSeconds }: RunRecord, { cores }: Workloads): number {
  return (othersSeconds / (jobSeconds * cores)) * 100
}

async function measureShape(shape: Shape, application: readonly string[], options: HarvestOptions) {
  const { workloads, seconds, repetitions } = options
  const failures: string[] = []
  const alone = begun({ label: 'alone', method: 'alone', work: usualWork(shape) })
  const odop = odopPlan(shape, options.taskSeconds).map(begun)
  const others = alternativePlan(shape)
    .filter(({ method }) => missingFor(method) === null)
    .map(begun)
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const now = [alone, ...odop, ...(repetition < options.alternatives ? others : [])]
    for (const one of rotated(now, repetition)) {
      try {
        const record = await runSideBySide({
          method: one.method,
          workloads,
          application,
          work: one.work,
          flags: one.way?.flags ?? [],
          tasks: null,
          limitSeconds: 60 + 10 * secondsAlone(shape, seconds),
        })
        one.runs.push({ repetition, record })
      } catch (error) {
        failures.push(
          `harvest, ${shape.name}, ${one.label}, repetition ${repetition + 1}: ${messageOf(error)}`,
        )
      }
    }
  }
  return { alone, series: [...odop, ...others], failures }
}

/** Runs of one repetition with odop, and with other tools. */
export function plannedRuns(shape: Shape, taskSeconds: readonly number[]) {
  return { odop: odopPlan(shape, taskSeconds).length, others: alternativePlan(shape).length }
}

function odopPlan(shape: Shape, taskSeconds: readonly number[]): Planned[] {
  const works: Work[] =
    shape.tasks === 'stream'
      ? [usualWork(shape)]
      : // Where nothing is idle, size matters little: the smallest costs the most starts.
        (shape.idle ? taskSeconds : taskSeconds.slice(-1)).map(size => ({ kind: 'compute', seconds: size }))
  const functions: Work[] = WITH_FUNCTIONS.includes(shape.name)
    ? taskSeconds
        .filter(size => size <= SMALL_TASK_SECONDS)
        .map(size => ({ kind: 'function', seconds: size }))
    : []
  return shape.ways.flatMap(way =>
    [...works, ...functions].map(work => ({
      label: `${way.label}, ${work.kind === 'function' ? 'functions' : 'tasks'} of ${work.seconds} s`,
      method: 'odop' as const,
      work,
      way,
    })),
  )
}

function alternativePlan(shape: Shape): Planned[] {
  if (!WITH_ALTERNATIVES.includes(shape.name)) return []
  const work = usualWork(shape)
  return [
    { label: 'parallel --load + niceload', method: 'parallel', work },
    { label: 'nice -n 19', method: 'nice', work },
    {
      label: 'endless SCHED_IDLE workers (the limit)',
      method: 'limit',
      work: { ...work, seconds: ENDLESS_SECONDS },
    },
  ]
}

/** Longer than any run. */
const ENDLESS_SECONDS = 100_000

function usualWork({ tasks }: Shape): Work {
  return { kind: tasks, seconds: USUAL_TASK_SECONDS }
}

function begun(planned: Planned): Series {
  return { ...planned, runs: [] }
}

function figuresOf(shape: Shape, alone: Series, one: Series): Figure[] {
  const { name, leastHarvest } = shape
  const records = one.runs.map(({ record }) => record)
  if (records.length === 0) return []
  const label = `${name}, ${one.label}`
  const mostSlowdown = one.way?.mostSlowdown ?? null
  const ratio: Figure = {
    name: `${label}: application’s time / alone`,
    unit: '×',
    samples: pairedRatios(one, alone),
    ...(mostSlowdown !== null && { target: { atMost: mostSlowdown } }),
  }
  if (!shape.idle) return [ratio]
  const share: Figure = {
    name: `${label}: harvested / available`,
    unit: '',
    samples: records.map(({ harvestedSeconds, availableSeconds }) => harvestedSeconds / availableSeconds),
    ...(one.method === 'odop' && leastHarvest !== null && { target: { atLeast: leastHarvest } }),
  }
  return [ratio, share, ...startFigures(label, records), ...odopFigures(label, records)]
}

function pairedRatios(one: Series, alone: Series): number[] {
  return one.runs.flatMap(({ repetition, record }) => {
    const base = alone.runs.find(run => run.repetition === repetition)?.record.wallSeconds
    return base === undefined ? [] : [record.wallSeconds / base]
  })
}

/** What the start costs is a constant, whose share shrinks as runs get longer; what is lost afterwards is not. */
function startFigures(label: string, records: readonly RunRecord[]): Figure[] {
  return [
    {
      name: `${label}: harvested / available from the first task on`,
      unit: '',
      samples: records.flatMap(({ harvestedSeconds, availableFromThenSeconds: available }) =>
        available === null ? [] : [harvestedSeconds / available],
      ),
    },
    {
      name: `${label}: until the first task`,
      unit: 's',
      samples: records.flatMap(({ firstTaskSeconds }) => firstTaskSeconds ?? []),
    },
  ]
}

/** odop's own account, beside that of the tasks. */
function odopFigures(label: string, records: readonly RunRecord[]): Figure[] {
  const odop = records.flatMap(record => record.odop ?? [])
  if (odop.length === 0) return []
  return [
    {
      name: `${label}: harvested / available by summary.json`,
      unit: '',
      samples: odop.map(({ share }) => share),
    },
  ]
}
