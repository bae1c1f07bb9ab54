import { capacitiesOf, misfit } from '../core/fit.ts'
import { itemsLeft, type RunView, type TaskState, type View } from '../core/state.ts'
import { formatDuration, formatSize } from '../core/units.ts'
import type { Summary } from './summary-schema.ts'
import { coresText, counted, percentText } from './units.ts'

/** What a short run shows says nothing of the next one. */
const LEAST_WALL_SECONDS = 60
const LITTLE_MEMORY = 0.5
const MUCH_MEMORY = 0.9
/** Nobody minds what is asked for beyond need of less than this. */
const LEAST_MEMORY_BYTES = 2 * 1024 ** 3
const NEAR_LIMIT = 0.9
const NEAR_TIME = 0.8
const FAR_FROM_LIMIT = 0.25
/** From here on a user notices. */
const SLOW = 0.05
const MOST_OF_A_KIND = 5

type Measured = Omit<Summary, 'advice' | 'notes'>

/** What a user can do so that the next run gets more out of its job; most important first. */
export function adviceOf(state: RunView, summary: Measured): string[] {
  return [
    ...slowdownAdvice(summary),
    ...some(memoryOfTasks(state)),
    ...some(timeOfTasks(state)),
    ...some(neverFitted(state)),
    ...leftoverAdvice(state, summary),
    ...jobMemoryAdvice(summary),
    ...unusedCoresAdvice(state, summary),
  ]
}

function some(advice: readonly string[]): readonly string[] {
  const more = advice.length - MOST_OF_A_KIND
  return more <= 0
    ? advice
    : [...advice.slice(0, MOST_OF_A_KIND), `the same holds for ${counted(more, 'more task')}`]
}

function slowdownAdvice({ slowdown }: Measured): string[] {
  const { share, allowed } = slowdown
  if (share === null || share < Math.max(SLOW, allowed ?? 0)) return []
  const what = `the application was slowed down by ${percentText(share)}`
  return allowed === null
    ? [`${what}: let odop draw back with --max-slowdown 3%, or leave it cores with --reserve-cores 1`]
    : [`${what}, though ${percentText(allowed)} are allowed: leave it cores with --reserve-cores 1`]
}

function memoryOfTasks(state: RunView): string[] {
  return [...state.tasks.values()].flatMap(({ name, definition, peakMemoryBytes: peak, ended }) => {
    const limit = definition?.memoryBytes ?? null
    if (limit === null || peak === 0) return []
    const used = `${name} used ${formatSize(peak)} of the ${formatSize(limit)} of memory that an attempt may`
    if (peak >= limit * NEAR_LIMIT) return [`${used}: give it more, memory: '${roundedUp(limit * 1.5)}'`]
    const isFar = peak <= limit * FAR_FROM_LIMIT && limit >= LEAST_MEMORY_BYTES && ended.completed > 0
    return isFar ? [`${used}: with memory: '${roundedUp(peak * 1.5)}' more run at the same time`] : []
  })
}

function timeOfTasks(state: RunView): string[] {
  return [...state.tasks.values()].flatMap(({ name, definition, ended, typicalSeconds }) => {
    const limit = definition?.timeSeconds ?? null
    if (limit === null) return []
    const more = `give it more, time: '${formatDuration(limit * 2)}'`
    if (ended.timeout > 0) {
      return [
        `${counted(ended.timeout, 'work item')} of ${name} took longer than its ${formatDuration(limit)}: ${more}`,
      ]
    }
    if (typicalSeconds === null || typicalSeconds < limit * NEAR_TIME) return []
    return [
      `an attempt of ${name} takes ${formatDuration(typicalSeconds)} of the ${formatDuration(limit)} that it may: ${more}`,
    ]
  })
}

function neverFitted(state: RunView): string[] {
  const capacities = capacitiesOf([...state.nodes.values()], state.settings)
  return [...state.tasks.values()].flatMap(task => {
    const left = itemsLeft(task)
    const { definition } = task
    if (left === 0 || definition === null) return []
    const lack = misfit(definition, capacities)
    if (lack !== null) return [`${leftItems(task, left)} can never run here: ${lack}; let it ask for less`]
    return neverIdle(task, left)
  })
}

function neverIdle(task: View<TaskState>, left: number): string[] {
  const { definition, leftover, attempts } = task
  const most = leftover?.mostIdleCores ?? null
  if (definition === null || definition.mpi != null) return []
  if (typeof definition.cpus !== 'number' || most === null || attempts > 0 || definition.cpus <= most)
    return []
  const fewer = most > 0 ? `let it ask for ${counted(most, 'cpu')}, or ` : ''
  return [
    `${leftItems(task, left)} never fitted: ${counted(definition.cpus, 'cpu')} wanted, at most ${most} ${most === 1 ? 'was' : 'were'} ever idle: ${fewer}use --drain`,
  ]
}

function leftItems({ name }: View<TaskState>, left: number): string {
  return `${counted(left, 'work item')} of ${name}`
}

/** How long the rest would take on all cores, as far as that is known from what has completed. */
function leftoverAdvice(state: RunView, { totals }: Measured): string[] {
  if (state.launch?.mode !== 'run') return []
  const tasks = [...state.tasks.values()].filter(task => itemsLeft(task) > 0 && canBeDrained(state, task))
  const left = tasks.reduce((sum, task) => sum + itemsLeft(task), 0)
  if (left === 0) return []
  const coreSeconds = tasks.reduce((sum, task) => sum + coreSecondsLeft(task), 0)
  const isKnown = tasks.every(({ typicalSeconds }) => typicalSeconds !== null)
  const seconds = coreSeconds / Math.max(1, totals.cores)
  const were = `${counted(left, 'work item')} ${left === 1 ? 'was' : 'were'} left over`
  if (!isKnown) return [`${were}: --drain works them off when the application has ended`]
  const limit = formatDuration(Math.max(60, Math.ceil((seconds * 1.5) / 60) * 60))
  return [
    `${were}, some ${formatDuration(seconds)} of work on all cores: --drain=${limit} works them off when the application has ended`,
  ]
}

function coreSecondsLeft(task: View<TaskState>): number {
  const { definition, typicalSeconds } = task
  const cpus = typeof definition?.cpus === 'number' ? definition.cpus : 1
  return itemsLeft(task) * (typicalSeconds ?? 0) * cpus
}

function canBeDrained(state: RunView, { definition }: View<TaskState>): boolean {
  if (definition === null || definition.trigger.kind === 'background' || definition.trigger.kind === 'timer')
    return false
  return misfit(definition, capacitiesOf([...state.nodes.values()], state.settings)) === null
}

/** Peaks of the parts added, as if they had been at the same time: what is asked for then is enough in any case. */
function jobMemoryAdvice({ job, nodes, wallSeconds }: Measured): string[] {
  const used = nodes.map(
    ({ memoryBytes: { appPeak, tasksPeak, odopPeak } }) => appPeak + tasksPeak + odopPeak,
  )
  const peak = Math.max(0, ...used)
  const limit = Math.min(...nodes.map(({ memoryBytes }) => memoryBytes.limit))
  if (nodes.length === 0 || peak === 0 || limit <= 0) return []
  const share = `peak memory ${percentText(peak / limit)} of the ${formatSize(limit)} of a node`
  if (peak >= limit * MUCH_MEMORY)
    return [
      `${share}: ${job === null ? 'let fewer tasks run' : 'request more with --mem'}, or give tasks a memory limit`,
    ]
  const isLittle = peak <= limit * LITTLE_MEMORY && limit - peak >= LEAST_MEMORY_BYTES
  // Where nobody has asked for memory there is nothing to ask for.
  if (!isLittle || job === null || wallSeconds < LEAST_WALL_SECONDS) return []
  return [`${share}: request --mem=${roundedUp(peak * 1.3)}`]
}

function unusedCoresAdvice(state: RunView, { job, wallSeconds }: Measured): string[] {
  if (wallSeconds < LEAST_WALL_SECONDS) return []
  const advice = [...state.usage.values()].flatMap(({ node, unusedCores = [] }) => {
    if (unusedCores.length === 0) return []
    const cores = `${unusedCores.length === 1 ? 'core' : 'cores'} ${coresText(unusedCores)}`
    const were = unusedCores.length === 1 ? 'was' : 'were'
    const action = job === null ? 'there is room for more tasks' : 'request fewer, or give odop more to do'
    return [`${cores} of ${node} ${were} never used: ${action}`]
  })
  const more = advice.length - MOST_OF_A_KIND
  return more <= 0
    ? advice
    : [...advice.slice(0, MOST_OF_A_KIND), `the same on ${counted(more, 'more node')}`]
}

/** To a size that one would write: whole gigabytes, below that steps of 64M. */
function roundedUp(bytes: number): string {
  const [unit, letter] = bytes > 1024 ** 3 ? ([1024 ** 3, 'G'] as const) : ([1024 ** 2, 'M'] as const)
  const count = Math.ceil(bytes / unit)
  return letter === 'G' ? `${count}G` : `${Math.ceil(count / 64) * 64}M`
}
