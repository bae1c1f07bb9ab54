import type { ApplicationExit } from '../app/launch.ts'
import type { Drain } from '../config.ts'
import type { TaskName } from '../core/model.ts'
import { itemsLeft, type RunState } from '../core/state.ts'
import type { Summary } from '../views/summary-schema.ts'
import type { Agents } from './agents.ts'
import { resumeHarvest } from './control-requests.ts'
import { drain, type EndingParts, endAttempts, endBackground } from './ending.ts'
import type { Metrics } from './metrics.ts'
import type { Prepared } from './prepare.ts'
import { report } from './report.ts'
import { aborted, within } from './within.ts'

/** What became of the work of a run, up to the end of this launch. */
export interface LaunchEnd {
  /** Work items that are left, and those that failed or timed out. */
  readonly unfinished: number
  /** null: nothing was launched. */
  readonly summary: Summary | null
}

/** How the application came to its end, where odop has not waited for it. */
export interface EndingHow {
  /** What the summary should say of it. */
  readonly note?: string | null
  /** The application was killed: attempts get no time to end. Asked when it comes to that. Default: never. */
  readonly atOnce?: () => boolean
}

export interface EndLaunchOptions extends Prepared, EndingHow {
  /** null: there was no application. */
  readonly exit: ApplicationExit | null
  readonly parts: EndingParts
  readonly metrics: Metrics
  readonly agents: Pick<Agents, 'applicationEnded'>
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Tasks with pending items, and why those wait. */
  readonly waiting: () => readonly (readonly [TaskName, readonly string[]])[]
  /** The most cores of a node that were left while items waited; null: not known. */
  readonly mostIdleCores: () => number | null
  /** The task modules were loaded, and their triggers have begun. */
  readonly tasksAreOpen: Promise<void>
  /** A signal that asks odop to end. */
  readonly interrupted: AbortSignal
  /** Ends triggers, runners and the keeper. */
  readonly stop: () => Promise<void>
}

/** How long an application that has ended waits for modules that are still being loaded, when nothing is drained. */
const LOADING_SECONDS = 10
/** More than the keeper and the journal may take. */
const STEP_MILLISECONDS = 10_000

/** The end of a launch, in this order: drain, end attempts, measure, record, clean up, report, show. */
export async function endLaunch(options: EndLaunchOptions): Promise<LaunchEnd> {
  const { exit, recorder, parts, configuration, interrupted, now } = options
  if (exit !== null) {
    recorder.record({ type: 'application-ended', at: now(), code: exit.code, signal: exit.signal })
  }
  if (options.note) recorder.note('info', options.note)
  parts.desk.applicationEnded()
  options.agents.applicationEnded()
  const stopDraining = drainLimit(configuration.drain, interrupted)
  await tasksOpenOr(options, stopDraining)
  endBackground(parts)
  if (configuration.drain !== null) {
    // There is no application any more that tasks could disturb.
    if (exit !== null) resumeHarvest(parts)
    await drain(parts, stopDraining)
  }
  const waited = new Map(options.waiting())
  void options.store.ends()
  await endAttempts(parts, { reason: reasonToEnd(options), atOnce: options.atOnce?.() ?? false })
  await options.metrics.finish()
  recordLeft(options, waited)
  recorder.record({ type: 'launch-ended', at: now() })
  await within(STEP_MILLISECONDS, options.stop())
  const summary = await report(options)
  await within(STEP_MILLISECONDS, options.store.close())
  await pageOf(options)
  return { unfinished: unfinishedItems(recorder.state), summary }
}

function reasonToEnd({ interrupted, atOnce }: EndLaunchOptions): string {
  if (atOnce?.()) return 'the application was killed'
  return interrupted.aborted ? 'odop was interrupted' : 'the application has ended'
}

/** A launch of a few seconds has nothing that a picture could show. */
const LEAST_PICTURED_MILLISECONDS = 10_000

/** After everything else: what is late here is made by `odop report`. */
async function pageOf({ store, configuration, recorder, interrupted, now }: EndLaunchOptions): Promise<void> {
  const launchedAt = recorder.state.launch?.at ?? now()
  if (!store.kept || configuration.noReport || interrupted.aborted || store.hasFailed()) return
  if (now() - launchedAt < LEAST_PICTURED_MILLISECONDS) return
  const { writePage } = await import('./write-page.ts')
  await writePage(store.paths, [...recorder.state.nodes.keys()])
}

/** @param waited why items waited just before what ran was ended: afterwards its cores are free */
function recordLeft(
  { recorder, now, mostIdleCores }: EndLaunchOptions,
  waited: ReadonlyMap<TaskName, readonly string[]>,
): void {
  const most = mostIdleCores()
  const idle = most === null ? {} : { mostIdleCores: most }
  for (const task of recorder.state.tasks.values()) {
    const items = itemsLeft(task)
    if (items === 0) continue
    const reasons = waited.get(task.name) ?? [
      'the launch ended while they ran, or just after they had been queued',
    ]
    recorder.record({ type: 'items-left', at: now(), task: task.name, items, reasons, ...idle })
  }
}

async function tasksOpenOr({ tasksAreOpen, recorder }: EndLaunchOptions, stop: AbortSignal): Promise<void> {
  const stopped = aborted(stop).then(() => 'stopped' as const)
  if ((await Promise.race([tasksAreOpen, stopped])) === 'stopped') {
    recorder.note(
      'warning',
      'the application ended before all task modules were loaded: their files are for the next run',
    )
  }
}

/** A drain ends when the user interrupts it, or after the time that was given for it; without one, loading ends soon. */
function drainLimit(drainFor: Drain, interrupted: AbortSignal): AbortSignal {
  const seconds = drainFor === null ? LOADING_SECONDS : drainFor.limitSeconds
  return seconds === null ? interrupted : AbortSignal.any([interrupted, AbortSignal.timeout(seconds * 1000)])
}

function unfinishedItems(state: RunState): number {
  const tasks = [...state.tasks.values()]
  return tasks.reduce((sum, task) => sum + itemsLeft(task) + task.ended.failed + task.ended.timeout, 0)
}
