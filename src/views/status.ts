import { elsewhereTexts, explain } from '../core/explain.ts'
import type { AttemptId, Snapshot } from '../core/model.ts'
import { nextReadyAt } from '../core/queue.ts'
import { planStarts } from '../core/schedule/start.ts'
import { activeSeconds, type RunningAttempt, type RunView, type TaskState, type View } from '../core/state.ts'
import { formatDuration } from '../core/units.ts'
import type { Details } from './details.ts'
import { shellWord } from './printable.ts'
import { type ProgressView, progressView } from './progress-text.ts'
import { harvestOf, nodeSummaries, totalsOf } from './summary.ts'
import type { Summary } from './summary-schema.ts'

/** What `odop status --json` prints; docs/reference.md describes each field. */
export interface Status {
  readonly schema: 1
  readonly run: string
  readonly state: 'live' | 'draining' | 'ended' | 'interrupted'
  readonly mode: 'run' | 'drain' | 'monitor'
  readonly command: readonly string[]
  readonly host: string
  readonly pid: number
  readonly start: string
  readonly end: string | null
  readonly wallSeconds: number
  readonly application: {
    readonly state: 'starting' | 'running' | 'ended' | 'none'
    readonly pid: number | null
    readonly code: number | null
    readonly signal: string | null
  }
  readonly nodes: Summary['nodes']
  readonly harvest: Summary['harvest']
  /** Since when the user wants no tasks; null: tasks may run. */
  readonly pausedSince: string | null
  readonly tasks: readonly TaskStatus[]
  readonly attempts: readonly AttemptStatus[]
  readonly waiting: readonly { readonly task: string; readonly items: number; readonly reason: string }[]
  readonly notes: readonly {
    readonly at: string
    readonly level: 'info' | 'warning'
    readonly text: string
  }[]
}

export interface TaskStatus {
  readonly name: string
  readonly pending: number
  readonly running: number
  readonly suspended: number
  readonly completed: number
  readonly failed: number
  readonly timeout: number
  readonly cancelled: number
  readonly upToDate?: number
}

export interface AttemptStatus {
  readonly attempt: AttemptId
  readonly task: string
  readonly state: 'running' | 'suspended'
  readonly node: string
  readonly cores: readonly number[]
  readonly gpus: readonly number[]
  readonly elapsedSeconds: number
  readonly limitSeconds: number | null
  readonly reason: string | null
  /** null: it has not said how far it is. */
  readonly progress: ProgressView | null
}

export interface StatusOptions {
  readonly now: number
  /** Whether the run's supervisor is there: a journal alone can't tell. */
  readonly alive: boolean
  readonly details: Details
  /** The last look, for those who are in the supervisor; null: only the journal is known. */
  readonly snapshot: Snapshot | null
  /** What the run itself said, when it was asked, of why items of each task wait. Missing or null: it was not, or does not answer. */
  readonly waiting?: Readonly<Record<string, readonly string[]>> | null
}

const MOST_NOTES = 20

/** What a run is doing, or did; null: nothing was launched yet. */
export function statusOf(state: RunView, options: StatusOptions): Status | null {
  const { launch } = state
  if (launch === null) return null
  const runState = stateOf(state, options.alive)
  const isOver = runState === 'ended' || runState === 'interrupted'
  const until = isOver ? (state.launchEndedAt ?? options.details.lastEventAt ?? launch.at) : options.now
  return {
    schema: 1,
    run: launch.run,
    state: runState,
    mode: launch.mode,
    command: launch.command,
    host: launch.host,
    pid: launch.pid,
    start: new Date(launch.at).toISOString(),
    end: state.launchEndedAt === null ? null : new Date(state.launchEndedAt).toISOString(),
    wallSeconds: Math.max(0, until - launch.at) / 1000,
    application: applicationOf(state, isOver),
    nodes: nodeSummaries(state),
    harvest: harvestOf(totalsOf(state).coreSeconds),
    pausedSince: isOver || state.pause.since === null ? null : new Date(state.pause.since).toISOString(),
    tasks: [...state.tasks.values()].map(task => taskStatus(state, task, isOver)),
    // What an interrupted launch left running is pending for the next one.
    attempts: isOver ? [] : [...state.running.values()].map(attempt => attemptStatus(attempt, options)),
    waiting: waitingOf(state, options, isOver),
    notes: state.notes.slice(-MOST_NOTES).map(({ at, level, text, node }) => ({
      at: new Date(at).toISOString(),
      level,
      text: node === null ? text : `${node}: ${text}`,
    })),
  }
}

function stateOf(state: RunView, alive: boolean): Status['state'] {
  if (state.launchEndedAt !== null) return 'ended'
  if (!alive) return 'interrupted'
  const applicationEnded = state.application !== null && state.application.endedAt !== null
  return applicationEnded || state.launch?.mode === 'drain' ? 'draining' : 'live'
}

function applicationOf({ launch, application }: RunView, isOver: boolean): Status['application'] {
  if (application === null) {
    const state = launch?.mode === 'drain' || isOver ? 'none' : 'starting'
    return { state, pid: null, code: null, signal: null }
  }
  const { pid, code, signal, endedAt } = application
  return { state: endedAt === null ? 'running' : 'ended', pid, code, signal }
}

function taskStatus(state: RunView, task: View<TaskState>, isOver: boolean): TaskStatus {
  const held = isOver ? [] : [...task.running].flatMap(attempt => state.running.get(attempt) ?? [])
  const suspended = held.filter(attempt => attempt.suspendedSince !== null).length
  return {
    name: task.name,
    pending: task.pendingCount + (isOver ? task.running.size : 0),
    running: held.length - suspended,
    suspended,
    completed: task.ended.completed,
    failed: task.ended.failed,
    timeout: task.ended.timeout,
    cancelled: task.ended.cancelled,
    upToDate: task.upToDate,
  }
}

function attemptStatus(attempt: View<RunningAttempt>, { now, details }: StatusOptions): AttemptStatus {
  const isSuspended = attempt.suspendedSince !== null
  return {
    attempt: attempt.attempt,
    task: attempt.task,
    state: isSuspended ? 'suspended' : 'running',
    node: attempt.placement.node,
    cores: attempt.placement.cores,
    gpus: attempt.placement.gpus ?? [],
    elapsedSeconds: tenths(activeSeconds(attempt, now)),
    limitSeconds: attempt.definition?.timeSeconds ?? null,
    reason: isSuspended ? (details.suspendReasons.get(attempt.attempt) ?? null) : null,
    progress: progressView(attempt.progress),
  }
}

function waitingOf(state: RunView, options: StatusOptions, isOver: boolean): Status['waiting'] {
  const reasonOf = isOver ? leftReasons(state) : waitReasons(state, options)
  return [...state.tasks.values()].flatMap(task => {
    const items = task.pendingCount + (isOver ? task.running.size : 0)
    return items === 0 ? [] : [{ task: task.name, items, reason: reasonOf(task) }]
  })
}

function leftReasons(state: RunView): (task: View<TaskState>) => string {
  const over = `the run is over; work it off with: odop drain ${shellWord(state.launch?.run ?? '')}`
  return ({ leftover }) => [...(leftover?.reasons ?? []), over].join('; ')
}

function waitReasons(state: RunView, options: StatusOptions): (task: View<TaskState>) => string {
  const { snapshot, now, waiting } = options
  if (waiting != null) {
    const fromJournal = waitReasons(state, { ...options, waiting: null })
    return task => waiting[task.name]?.join('; ') ?? fromJournal(task)
  }
  if (snapshot !== null) return task => explain(state, snapshot, now, task.name).join('; ')
  const { hindered } = planStarts(state, { nodes: [], remainingSeconds: null }, now)
  return task => hindered.get(task.name)?.text ?? queueReason(state, task, now)
}

/** What the journal tells of a task that nothing hinders: what the cores do at present is not in it. */
function queueReason(state: RunView, task: View<TaskState>, now: number): string {
  const readyAt = nextReadyAt(state, task)
  const elsewhere = elsewhereTexts(state, task)
  if (readyAt === null && elsewhere.length > 0) return elsewhere.join('; ')
  if (readyAt === null) return `more than a run takes (maxRuns: ${task.queueLimit})`
  if (readyAt > now) return `waits ${formatDuration((readyAt - now) / 1000)} before it is tried again`
  const usable = [...state.nodes.values()].reduce((sum, node) => sum + node.usableCores.length, 0)
  const held = [...state.loads.values()].reduce((sum, load) => sum + load.cores.size, 0)
  return `waits for idle cores${task.definition?.gpus === undefined ? '' : ', GPUs'} or memory; attempts hold ${held} of ${usable} cores`
}

function tenths(seconds: number): number {
  return Math.max(0, Number(seconds.toFixed(1)))
}
