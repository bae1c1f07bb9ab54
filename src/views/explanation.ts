import { itemsLeft, type RunView, type TaskState, type View } from '../core/state.ts'
import type { Details } from './details.ts'
import { firstLine } from './printable.ts'
import { triggerText } from './tasks-text.ts'
import { counted } from './units.ts'

/** Why work items of a task do not run: what `odop explain --json` prints of it; docs/reference.md describes each field. */
export interface Explanation {
  readonly task: string
  readonly pending: number
  readonly running: number
  readonly ended: number
  /** In words; null: no task of this name is defined in the last launch. */
  readonly trigger: string | null
  /** As a user should read them; empty: nothing waits. */
  readonly reasons: readonly string[]
}

export interface ExplanationOptions {
  readonly task: View<TaskState>
  /** What the run itself says, or the journal. */
  readonly reasons: readonly string[]
  readonly state: RunView
  readonly details: Details
  readonly alive: boolean
}

/** Adds what the journal tells in any case: what waits for its trigger, and what is not tried any more. */
export function explanationOf({ task, reasons, state, details, alive }: ExplanationOptions): Explanation {
  const { name, definition, ended } = task
  // What an interrupted launch left running is pending for the next one.
  const running = alive ? task.running.size + task.followingCount : 0
  const pending = itemsLeft(task) - running
  return {
    task: name,
    pending,
    running,
    ended: ended.completed + ended.failed + ended.timeout + ended.cancelled,
    trigger: definition === null ? null : triggerText(definition.trigger),
    reasons: [
      ...reasons,
      ...(pending === 0 && definition !== null && reasons.length === 0
        ? [triggerReason(task, state, alive)]
        : []),
      ...failureReasons(task, state, details),
      ...retryReasons(task, state, details),
    ],
  }
}

function triggerReason({ definition, running }: View<TaskState>, state: RunView, alive: boolean): string {
  if (!alive) return 'nothing is left to do'
  const trigger = definition === null ? '' : triggerText(definition.trigger)
  const maxRuns = definition?.maxRuns ?? null
  const queued = definition === null ? 0 : (state.tasks.get(definition.name)?.queued ?? 0)
  if (maxRuns !== null && queued >= maxRuns)
    return `a run takes ${counted(maxRuns, 'work item')} of it (maxRuns)`
  if (running.size > 0)
    return `nothing waits: what is queued runs; the next one waits for its trigger (${trigger})`
  return `nothing is queued: it waits for its trigger (${trigger})`
}

/** Why what waits to be tried again has failed, as long as nothing worse is to be told. */
function retryReasons({ name, ended }: View<TaskState>, { items }: RunView, details: Details): string[] {
  const last = details.lastFailures.get(name)
  if (last === undefined || ended.failed + ended.timeout > 0) return []
  const isRetried = [...items.values()].some(({ task, failures }) => task === name && failures > 0)
  return isRetried ? [`the last attempt that failed, ${last.attempt}: ${firstLine(last.reason)}`] : []
}

/** What has failed for good is not tried again in this run, nor in a drain. */
function failureReasons(task: View<TaskState>, state: RunView, details: Details): string[] {
  const failed = task.ended.failed + task.ended.timeout
  if (failed === 0) return []
  const retries = task.definition?.retries ?? state.settings.retries
  const last = details.lastFailures.get(task.name)
  const why = last === undefined ? '' : `; the last, ${last.attempt}: ${firstLine(last.reason)}`
  return [
    `${counted(failed, 'work item')} failed ${counted(retries + 1, 'time')} and will not be tried again (retries: ${retries})${why}`,
  ]
}
