import { formatDuration } from '../../../core/units.ts'
import type { Gantt } from '../gantt.ts'
import type { Timeline } from '../timeline.ts'

/** `12,345`. */
export function thousands(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** What was folded so that the pictures can be looked at: nothing is left out without being said. */
export function reductionTexts(timeline: Timeline, gantt: Gantt, cores: number): string[] {
  return [binText(timeline), rowText(timeline, cores), attemptText(gantt)].filter(text => text !== null)
}

function binText({ binSeconds, measuredEverySeconds, measurements }: Timeline): string {
  if (measuredEverySeconds === null) return 'Nothing was measured: there are no metrics of this launch.'
  const every = formatDuration(measuredEverySeconds)
  const all = `${thousands(measurements)} measurements, one about every ${every} on each node`
  if (binSeconds <= measuredEverySeconds) return `Cores and memory: ${all}, shown as they are.`
  return `Cores and memory: ${all}, folded into bins of ${formatDuration(binSeconds)}; what is drawn is a bin’s mean, and its maximum is told beside it.`
}

function rowText({ kind, rows }: Timeline, cores: number): string | null {
  if (kind === 'core') return null
  const what = kind === 'node' ? 'a node' : 'several nodes, which count alike'
  return `${thousands(cores)} cores are too many lines: each of the ${rows.length} lines is ${what}, with the mean over its cores.`
}

function attemptText({ attempts, single, joinedWithinSeconds }: Gantt): string | null {
  if (joinedWithinSeconds === null) return null
  return `${thousands(attempts)} attempts are too many bars: ${thousands(single)} have their own, the others share one with attempts of the same task on the same line that are less than ${formatDuration(joinedWithinSeconds)} apart.`
}
