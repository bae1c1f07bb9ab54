import { cancelPending } from './cancel.ts'
import type { ApplicationEnded, LaunchStarted, NodeJoined, Noted, OdopEvent, TasksAdded } from './events.ts'
import {
  attemptEnded,
  attemptMoved,
  attemptResumed,
  attemptStarted,
  attemptSuspended,
  itemCancelled,
  itemCompleted,
  itemQueued,
  requeue,
  taskNamed,
} from './fold-items.ts'
import { returnFollowers } from './followers.ts'
import { layoutOf } from './layout.ts'
import type { AttemptId, TaskDefinition, TaskName } from './model.ts'
import { limitQueue } from './queue.ts'
import { NEVER_PAUSED, newState, type RunState } from './run-state.ts'

export * from './run-state.ts'

export function replay(events: Iterable<OdopEvent>): RunState {
  const state = newState()
  for (const event of events) apply(state, event)
  return state
}

/**
 * Makes an event part of the state. What makes no sense (an item that nobody knows, the same thing twice) is
 * ignored: a journal may come from another version, and must never stop a run.
 */
export function apply(state: RunState, event: OdopEvent): void {
  switch (event.type) {
    case 'launch-started':
      launchStarted(state, event)
      break
    case 'node-joined':
      nodeJoined(state, event)
      break
    case 'task-defined':
      taskDefined(state, event.task)
      break
    case 'tasks-added':
      tasksAdded(state, event)
      break
    case 'task-removed':
      taskRemoved(state, event.task)
      break
    case 'task-refused':
      state.refusals.push({ file: event.file, problem: event.problem })
      break
    case 'application-started':
      state.application = { pid: event.pid, startedAt: event.at, endedAt: null, code: null, signal: null }
      break
    case 'application-ended':
      applicationEnded(state, event)
      break
    case 'item-queued':
      itemQueued(state, event)
      break
    case 'item-cancelled':
      itemCancelled(state, event)
      break
    case 'item-completed':
      itemCompleted(state, event)
      break
    case 'attempt-started':
      attemptStarted(state, event)
      break
    case 'attempt-suspended':
      attemptSuspended(state, event)
      break
    case 'attempt-resumed':
      attemptResumed(state, event)
      break
    case 'attempt-moved':
      attemptMoved(state, event)
      break
    case 'attempt-ended':
      attemptEnded(state, event)
      break
    case 'usage':
      state.usage.set(event.usage.node, event.usage)
      break
    case 'progress':
      state.progress = event.progress
      break
    case 'harvest-paused':
      if (state.pause.since === null)
        state.pause = { ...state.pause, since: event.at, times: state.pause.times + 1 }
      break
    case 'harvest-resumed':
      harvestResumed(state, event.at)
      break
    case 'note':
      noted(state, event)
      break
    case 'launch-ended':
      state.launchEndedAt = event.at
      break
    default:
      // A newer odop may write events that this one does not know.
      event satisfies never
  }
}

/** The engine has been told to end this attempt; no more is decided about it. */
export function markTerminating(state: RunState, attempt: AttemptId): void {
  if (state.running.has(attempt)) state.terminating.add(attempt)
}

function launchStarted(state: RunState, event: LaunchStarted): void {
  for (const lead of [...state.following.keys()]) returnFollowers(state, lead)
  for (const attempt of [...state.running.values()]) requeue(state, attempt)
  for (const task of state.tasks.values()) task.definition = null
  state.nodes.clear()
  state.layouts.clear()
  state.loads.clear()
  state.usage.clear()
  state.progress = null
  // Whoever starts a run again wants its tasks.
  state.pause = NEVER_PAUSED
  state.notes.length = 0
  state.refusals.length = 0
  state.application = null
  state.launchEndedAt = null
  state.launch = event
  state.launches += 1
  state.settings = event.settings
}

function nodeJoined(state: RunState, { facts }: NodeJoined): void {
  state.nodes.set(facts.name, facts)
  state.layouts.set(facts.name, layoutOf(facts))
}

function tasksAdded(state: RunState, { files, tasks }: TasksAdded): void {
  for (const file of files) state.addedFiles.add(file)
  for (const name of tasks) state.removed.delete(name)
}

function taskRemoved(state: RunState, name: TaskName): void {
  const task = state.tasks.get(name)
  state.removed.add(name)
  if (task === undefined) return
  task.definition = null
  comesAfterNothingBut(state, name, null)
  cancelPending(state, task)
}

function taskDefined(state: RunState, definition: TaskDefinition): void {
  const task = taskNamed(state, definition.name)
  comesAfter(state, definition)
  task.definition = definition
  limitQueue(state, task, definition.maxRuns)
}

/** It stays so until another definition: what completes while its module is broken is for it, too. */
function comesAfter(state: RunState, { name, trigger }: TaskDefinition): void {
  const source = trigger.kind === 'after' ? trigger.task : null
  comesAfterNothingBut(state, name, source)
  if (source !== null) taskNamed(state, source).successors.add(name)
}

function comesAfterNothingBut(state: RunState, name: TaskName, source: TaskName | null): void {
  for (const other of state.tasks.values()) {
    if (other.name !== source && other.successors.delete(name)) taskNamed(state, name).completions.clear()
  }
}

function applicationEnded(state: RunState, event: ApplicationEnded): void {
  if (state.application === null) return
  state.application.endedAt = event.at
  state.application.code = event.code
  state.application.signal = event.signal
}

function harvestResumed(state: RunState, at: number): void {
  const { since, seconds } = state.pause
  if (since === null) return
  state.pause = { ...state.pause, since: null, seconds: seconds + Math.max(0, at - since) / 1000 }
}

function noted(state: RunState, { at, level, text, node }: Noted): void {
  state.notes.push({ at, level, text, node: node ?? null })
}
