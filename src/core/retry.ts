import type { Settings, TaskDefinition } from './model.ts'

/** The back-off never waits longer than this. */
const LONGEST_DELAY_SECONDS = 3600

export interface RetryQuestion {
  readonly task: Pick<TaskDefinition, 'retries' | 'retryDelaySeconds'>
  readonly settings: Pick<Settings, 'retries' | 'retryDelaySeconds'>
  /** Failed attempts at the item so far, the one that just failed (or timed out) included: at least 1. */
  readonly failures: number
  readonly now: number
}

/** When an item whose attempt failed may be tried again (ms since the epoch); null: no more, it ends here. */
export function retryAt({ task, settings, failures, now }: RetryQuestion): number | null {
  if (failures > (task.retries ?? settings.retries)) return null
  const first = task.retryDelaySeconds ?? settings.retryDelaySeconds
  return now + Math.min(first * 2 ** (failures - 1), LONGEST_DELAY_SECONDS) * 1000
}
