import { formatDuration } from '../core/units.ts'
import type { Status, TaskStatus } from './status.ts'
import { coreTimeText, percentText } from './units.ts'

/** How far a run is, in a line for a log: without the time, so that it can be told whether anything is new. */
export function progressText({ tasks, harvest, pausedSince, state }: Status): string {
  const sum = (of: (task: TaskStatus) => number) => tasks.reduce((all, task) => all + of(task), 0)
  const failed = sum(task => task.failed + task.timeout)
  const suspended = sum(task => task.suspended)
  const { availableCoreSeconds: available, harvestedCoreSeconds: harvested, share } = harvest
  const counts = [
    `${sum(task => task.completed)} completed`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    `${sum(task => task.running)} running`,
    ...(suspended > 0 ? [`${suspended} suspended`] : []),
    `${sum(task => task.pending)} waiting`,
  ]
  const used =
    available > 0 ? `; harvested ${coreTimeText(harvested, available)} (${percentText(share)})` : ''
  const draining = state === 'draining' ? ', draining' : ''
  return `${counts.join(', ')}${used}${pausedSince === null ? draining : ', paused'}`
}

export function progressLine(status: Status): string {
  return `odop: ${formatDuration(Math.round(status.wallSeconds))}: ${progressText(status)}\n`
}
