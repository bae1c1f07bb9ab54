import { plannedRuns } from './harvest.ts'
import { WITH_QUEUE } from './job.ts'
import { PACE_SECONDS } from './latency.ts'
import { RUN_SECONDS, RUNS } from './memory.ts'
import type { Options } from './options.ts'
import { secondsAlone } from './shapes.ts'
import { MOST_CALM_SECONDS } from './side-by-side.ts'

/** About how long the chosen parts take, in seconds, on two cores that nobody else uses. */
export function estimatedSeconds(options: Options): number {
  const sums = { ...FIXED_SECONDS, ...chosenSeconds(options) }
  return [...options.parts].reduce((sum, part) => sum + sums[part], 0)
}

/** Parts whose length no option changes. */
const FIXED_SECONDS = {
  start: 15,
  opened: 5,
  watching: 50,
  scheduler: 120,
  large: 100,
  aging: 30,
  report: 90,
}

/** Folders, odop's start and end. */
const AROUND_A_RUN_SECONDS = 1
/** What the tasks after an application, or other tools, take longer. */
const LONGER = 1.5
const BUILD_SECONDS = 30
const REAL_AGENTS_SECONDS = 60
/** Of the two simulations. */
const VIRTUAL_HOUR_SECONDS = 10

function chosenSeconds(options: Options) {
  return {
    harvest: BUILD_SECONDS + harvestSeconds(options),
    job: BUILD_SECONDS + jobSeconds(options),
    latency: 5 + options.files * PACE_SECONDS,
    throughput: throughputSeconds(options),
    simulation: REAL_AGENTS_SECONDS + options.hours * VIRTUAL_HOUR_SECONDS,
    memory: BUILD_SECONDS + RUNS * RUN_SECONDS * options.devourers,
    slurm: BUILD_SECONDS + 2 * options.repetitions * (options.seconds + 2) + options.files * PACE_SECONDS,
  }
}

function harvestSeconds({ shapes, seconds, repetitions, alternatives, taskSeconds }: Options): number {
  return sum(shapes, shape => {
    const one = secondsAlone(shape, seconds) + AROUND_A_RUN_SECONDS
    const { odop, others } = plannedRuns(shape, taskSeconds)
    const calm = others > 0 ? MOST_CALM_SECONDS / 2 : 0
    return repetitions * (1 + odop) * one + Math.min(alternatives, repetitions) * (others * one + calm)
  })
}

function jobSeconds({ shapes, seconds, repetitions, alternatives }: Options): number {
  const withQueue = shapes.filter(({ name }) => WITH_QUEUE.includes(name))
  return sum(withQueue, shape => {
    const one = secondsAlone(shape, seconds) + AROUND_A_RUN_SECONDS
    return repetitions * 2 * one + Math.min(alternatives, repetitions) * 3 * LONGER * one
  })
}

/** At the rate that odop is to reach, and a tenth of it, which others are to reach at most. */
function throughputSeconds({ items, many, repetitions }: Options): number {
  const files = 2 * (repetitions * items + many)
  return files / 2000 + repetitions * 12
}

function sum<T>(list: readonly T[], of: (one: T) => number): number {
  return list.reduce((total, one) => total + of(one), 0)
}
