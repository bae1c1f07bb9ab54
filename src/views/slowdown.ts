import { type MeasuredSlowdown, slowdownOf, sumOfInterference } from '../core/interference.ts'
import type { Exposure, Interference, NodeUsage } from '../core/model.ts'
import { slowdownOfProgress } from '../core/progress.ts'
import type { RunView, View } from '../core/state.ts'
import type { Summary } from './summary-schema.ts'

type InterferenceSummary = NonNullable<Summary['totals']['interference']>

/** null: the kernel does not say how long threads wait, or a journal of an earlier odop does not. */
export function interferenceSummary(
  interference: Interference | null | undefined,
): InterferenceSummary | null {
  if (interference == null) return null
  const slowdown: MeasuredSlowdown | null = slowdownOf(interference)
  return {
    beside: rounded(interference.beside),
    alone: rounded(interference.alone),
    slowdown: slowdown === null ? null : share(slowdown.share),
    baseline: slowdown?.baseline ?? null,
  }
}

/** null as soon as one node can't tell. */
export function totalInterference(usages: readonly View<NodeUsage>[]): Interference | null {
  const parts = usages.map(({ interference }) => interference ?? null).filter(part => part !== null)
  return parts.length === 0 || parts.length < usages.length ? null : sumOfInterference(parts)
}

/** The larger one of what run-queue delay and the application's own steps tell. */
export function slowdownSummary(
  state: RunView,
  interference: InterferenceSummary | null,
): Summary['slowdown'] {
  const byProgress = state.progress === null ? null : slowdownOfProgress(state.progress)
  const byDelay = interference?.slowdown ?? null
  const progressIsWorse = byProgress !== null && (byDelay === null || byProgress > byDelay)
  const worse = progressIsWorse ? byProgress : byDelay
  return {
    share: worse === null ? null : share(worse),
    by: worse === null ? null : progressIsWorse ? 'progress' : 'run-delay',
    allowed: state.settings.maxSlowdown ?? null,
    progress: progressSummary(state.progress, byProgress),
  }
}

function progressSummary(
  progress: RunView['progress'],
  slowdown: number | null,
): Summary['slowdown']['progress'] {
  if (progress === null) return null
  const seconds = (value: number | null) => (value === null ? null : Number(value.toFixed(6)))
  const { steps, beside, alone } = progress
  return {
    steps,
    besideStepSeconds: seconds(beside.stepSeconds),
    aloneStepSeconds: seconds(alone.stepSeconds),
    slowdown: slowdown === null ? null : share(slowdown),
  }
}

function rounded({ seconds, appCpuSeconds, appRunDelaySeconds }: Exposure): Exposure {
  const milli = (value: number) => Math.max(0, Number(value.toFixed(3)))
  return {
    seconds: milli(seconds),
    appCpuSeconds: milli(appCpuSeconds),
    appRunDelaySeconds: milli(appRunDelaySeconds),
  }
}

function share(value: number): number {
  return Number(value.toFixed(4))
}
