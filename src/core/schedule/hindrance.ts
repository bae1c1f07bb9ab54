import { dependencyText } from '../dependencies.ts'
import { type Capacity, misfit } from '../fit.ts'
import type { Snapshot, TaskDefinition } from '../model.ts'
import type { RunView, TaskState, View } from '../run-state.ts'
import { formatDuration } from '../units.ts'

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
  /** The user wants no tasks at present. */
  readonly paused: boolean
  readonly snapshot: Pick<Snapshot, 'remainingSeconds' | 'incoming'>
}

export function hindranceOf(question: HindranceQuestion): Hindrance | null {
  const { state, task, running, capacities, paused, snapshot } = question
  const { definition } = task
  if (definition === null) return { kind: 'undefined', text: 'no task of this name is defined any more' }
  const wanted = misfit(definition, capacities)
  if (wanted !== null) return { kind: 'never-fits', text: `can never run here: ${wanted}` }
  if (paused) return { kind: 'paused', text: 'harvesting is paused; odop resume lets tasks run again' }
  const waitsFor = dependencyText(state, task, snapshot.incoming)
  if (waitsFor !== null) return { kind: 'depends', text: waitsFor }
  return timeLeftHindrance(definition, snapshot.remainingSeconds) ?? replicasHindrance(definition, running)
}

/** What keeps a checkpoint loses nothing at the end, and gets something done in this time. */
const LEAST_SECONDS_WITH_CHECKPOINT = 60

function timeLeftHindrance(task: TaskDefinition, remaining: number | null): Hindrance | null {
  const { checkpoint = null } = task
  const timeSeconds = checkpoint === null ? task.timeSeconds : leastWithCheckpoint(task)
  if (remaining === null || (remaining > 0 && (timeSeconds ?? 0) <= remaining)) return null
  const left = formatDuration(Math.max(0, remaining))
  const wanted = timeSeconds === null ? '' : `, and an attempt may take ${formatDuration(timeSeconds)}`
  return { kind: 'time-left', text: `the job ends in ${left}${wanted}` }
}

function leastWithCheckpoint({ timeSeconds }: TaskDefinition): number {
  return Math.min(timeSeconds ?? LEAST_SECONDS_WITH_CHECKPOINT, LEAST_SECONDS_WITH_CHECKPOINT)
}

/** A background task is kept going once unless it says how often. */
export function replicasHindrance({ replicas, trigger }: TaskDefinition, running: number): Hindrance | null {
  const most = replicas ?? (trigger.kind === 'background' ? 1 : null)
  if (most === null || running < most) return null
  return { kind: 'replicas', text: `${running} of at most ${most} at the same time are running` }
}
