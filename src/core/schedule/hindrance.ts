import { dependencyText } from '../dependencies.ts'
import { type Capacity, misfit } from '../fit.ts'
import type { Snapshot, TaskDefinition } from '../model.ts'
import { isPaused, type RunView, type TaskState, type View } from '../run-state.ts'
import { formatClock, formatDuration } from '../units.ts'

/** Why nothing of a task starts now, whatever is free. */
export interface Hindrance {
  readonly kind: 'undefined' | 'never-fits' | 'paused' | 'depends' | 'replicas' | 'time-left'
  /** As a user should read it. */
  readonly text: string
}

export interface HindranceQuestion {
  readonly state: RunView
  readonly task: View<TaskState>
  /** Attempts of the task that run, those just decided included. */
  readonly running: number
  readonly capacities: readonly Capacity[]
  readonly snapshot: Pick<Snapshot, 'remainingSeconds' | 'incoming'>
}

export function hindranceOf(question: HindranceQuestion): Hindrance | null {
  const { state, task, running, capacities, snapshot } = question
  const { definition } = task
  if (definition === null) return { kind: 'undefined', text: undefinedText(state) }
  const wanted = misfit(definition, capacities)
  if (wanted !== null) return { kind: 'never-fits', text: `can never run here: ${wanted}` }
  if (isPaused(state)) return { kind: 'paused', text: pausedText(state) }
  const waitsFor = dependencyText(state, task, snapshot.incoming)
  if (waitsFor !== null) return { kind: 'depends', text: waitsFor }
  return timeLeftHindrance(definition, snapshot.remainingSeconds) ?? replicasHindrance(definition, running)
}

function undefinedText({ launch }: RunView): string {
  const folders = launch?.taskFolders ?? []
  return `no task of this name is defined any more${folders.length === 0 ? '' : ` in ${folders.join(', ')}`}`
}

function pausedText({ launch, pause }: RunView): string {
  const since = pause.since === null ? '' : ` since ${formatClock(pause.since)} UTC`
  return `harvesting is paused${since}; odop resume${launch === null ? '' : ` ${launch.run}`} lets tasks run again`
}

/** What keeps a checkpoint loses nothing at the end, and gets something done in this time. */
const LEAST_SECONDS_WITH_CHECKPOINT = 60

function timeLeftHindrance(task: TaskDefinition, remaining: number | null): Hindrance | null {
  const { checkpoint = null } = task
  const timeSeconds = checkpoint === null ? task.timeSeconds : leastWithCheckpoint(task)
  if (remaining === null || (remaining > 0 && (timeSeconds ?? 0) <= remaining)) return null
  const left = formatDuration(Math.max(0, remaining))
  const wanted = timeSeconds === null ? '' : `, and an attempt may take ${formatDuration(timeSeconds)} (time)`
  return { kind: 'time-left', text: `the job ends in ${left}${wanted}` }
}

function leastWithCheckpoint({ timeSeconds }: TaskDefinition): number {
  return Math.min(timeSeconds ?? LEAST_SECONDS_WITH_CHECKPOINT, LEAST_SECONDS_WITH_CHECKPOINT)
}

/** A background task is kept going once unless it says how often. */
export function replicasHindrance({ replicas, trigger }: TaskDefinition, running: number): Hindrance | null {
  const most = replicas ?? (trigger.kind === 'background' ? 1 : null)
  if (most === null || running < most) return null
  const are = running === 1 ? 'is' : 'are'
  return {
    kind: 'replicas',
    text: `${running} of at most ${most} at the same time ${are} running (replicas)`,
  }
}
