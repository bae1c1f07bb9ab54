import { formatDuration } from '../core/units.ts'
import type { TriggerContext, TriggerSource } from './trigger-source.ts'

/** setTimeout takes at most 2^31 - 1 ms. */
const LONGEST_SLEEP_MILLISECONDS = 3_600_000

/**
 * Fires after one period and then each period, counted from the start, so that late wake-ups do not add up. Periods that
 * were missed because the process could not run are made up for by firing once. By the monotonic clock: nobody's
 * setting of the date makes it fire.
 */
export function startTimer(context: TriggerContext, everySeconds: number): TriggerSource {
  const period = Math.max(1, everySeconds * 1000)
  let next = performance.now() + period
  let timer: NodeJS.Timeout

  const sleep = () => {
    const remaining = Math.max(1, Math.ceil(next - performance.now()))
    timer = setTimeout(wake, Math.min(remaining, LONGEST_SLEEP_MILLISECONDS))
  }
  const wake = () => {
    const late = performance.now() - next
    if (late >= 0) {
      next += (Math.floor(late / period) + 1) * period
      context.fire({ task: context.task.name, files: [], version: null })
    }
    sleep()
  }
  sleep()
  return {
    flush: async () => {},
    waitsFor: async () => [
      `the next period ends in ${formatDuration(Math.max(0, next - performance.now()) / 1000)}`,
    ],
    close: async () => clearTimeout(timer),
  }
}
