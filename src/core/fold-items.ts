import { cancelItem, pendingAgain } from './cancel.ts'
import type {
  AttemptEnded,
  AttemptMoved,
  AttemptResumed,
  AttemptStarted,
  AttemptSuspended,
  ItemCancelled,
  ItemCompleted,
  ItemQueued,
} from './events.ts'
import { followerStarted } from './followers.ts'
import { itemNumber } from './ids.ts'
import type { AttemptId, CoreId, ItemId, NodeName, TaskName } from './model.ts'
import { partsOf } from './placement.ts'
import { boundTo, dequeue, enqueue } from './queue.ts'
import type { ItemState, NodeLoad, RunningAttempt, RunState, TaskState } from './run-state.ts'
import { reservedMemory } from './schedule/memory-need.ts'
import { rememberSeen } from './seen.ts'
import { addWait, newWaits } from './waits.ts'

/** The life of work items and attempts, as part of `apply`. */

export function itemQueued(state: RunState, { item }: ItemQueued): void {
  const task = taskNamed(state, item.task)
  const number = itemNumber(item.id)
  // Numbers only grow: this is an item that is here already or has ended.
  if (number === null || number <= task.queued) return
  task.queued = number
  // Only files that a trigger finds can be met again.
  if (item.after === undefined && task.definition?.trigger.kind !== 'signal') rememberSeen(task, item)
  const { id, files, version, node = null, after, queuedAt } = item
  const completion = after === undefined ? null : (task.completions.get(after) ?? null)
  if (after !== undefined) task.completions.delete(after)
  enqueue(state, task, {
    id,
    task: task.name,
    files,
    version,
    node,
    ...(after === undefined ? {} : { after }),
    completion,
    queuedAt,
    number,
    readyAt: queuedAt,
    failures: 0,
    attempts: 0,
    runningAs: null,
    follows: null,
  })
}

export function itemCancelled(state: RunState, event: ItemCancelled): void {
  const item = state.items.get(event.item)
  const task = item && state.tasks.get(item.task)
  if (item === undefined || task === undefined || item.runningAs !== null) return
  cancelItem(state, task, item)
}

export function itemCompleted(state: RunState, event: ItemCompleted): void {
  const item = state.items.get(event.item)
  const task = item && state.tasks.get(item.task)
  if (item === undefined || task === undefined || item.runningAs !== null || item.follows !== null) return
  dequeue(state, task, item, null)
  task.ended.completed += 1
  task.upToDate += 1
  leaveToSuccessors(state, task, item, event)
}

export function attemptStarted(state: RunState, event: AttemptStarted): void {
  const item = state.items.get(event.item)
  const task = item && state.tasks.get(item.task)
  if (item === undefined || task === undefined || item.runningAs !== null) return
  if (item.attempts === 0) addWait(task.waits, (event.at - item.queuedAt) / 1000)
  const running = { ...item, attempts: item.attempts + 1, runningAs: event.attempt, follows: null }
  if (item.follows === null) dequeue(state, task, item, running)
  else followerStarted(state, task, item.follows, running)
  task.attempts += 1
  state.starts += 1
  state.lastNode = event.placement.node
  const turn = { lastStartedAt: event.at, lastTurn: state.starts }
  Object.assign(task, turn)
  if (item.node !== null) Object.assign(boundTo(task, item.node), turn)
  hold(state, task, {
    attempt: event.attempt,
    item: item.id,
    task: task.name,
    definition: task.definition,
    placement: event.placement,
    startedAt: event.at,
    movedAt: null,
    suspendedSeconds: 0,
    suspendedSince: null,
    reservedMemoryBytes: reservedMemory(task.definition, task),
  })
}

function hold(state: RunState, task: TaskState, attempt: RunningAttempt): void {
  state.running.set(attempt.attempt, attempt)
  task.running.add(attempt.attempt)
  for (const { node, cores } of partsOf(attempt.placement)) {
    const load = loadOf(state, node)
    load.attempts.set(attempt.attempt, attempt)
    holdCores(load, attempt.attempt, cores)
  }
}

function release(state: RunState, task: TaskState, attempt: RunningAttempt): void {
  state.running.delete(attempt.attempt)
  state.terminating.delete(attempt.attempt)
  task.running.delete(attempt.attempt)
  for (const { node, cores } of partsOf(attempt.placement)) {
    const load = loadOf(state, node)
    load.attempts.delete(attempt.attempt)
    releaseCores(load, attempt.attempt, cores)
  }
}

function holdCores(load: NodeLoad, attempt: AttemptId, cores: readonly CoreId[]): void {
  for (const core of cores) load.cores.set(core, attempt)
}

function releaseCores(load: NodeLoad, attempt: AttemptId, cores: readonly CoreId[]): void {
  for (const core of cores) if (load.cores.get(core) === attempt) load.cores.delete(core)
}

function loadOf(state: RunState, node: NodeName): NodeLoad {
  const load = state.loads.get(node) ?? { cores: new Map(), attempts: new Map() }
  state.loads.set(node, load)
  return load
}

export function attemptSuspended(state: RunState, event: AttemptSuspended): void {
  const attempt = state.running.get(event.attempt)
  if (attempt !== undefined && attempt.suspendedSince === null) attempt.suspendedSince = event.at
}

export function attemptResumed(state: RunState, event: AttemptResumed): void {
  const attempt = state.running.get(event.attempt)
  if (attempt === undefined || attempt.suspendedSince === null) return
  attempt.suspendedSeconds += Math.max(0, event.at - attempt.suspendedSince) / 1000
  attempt.suspendedSince = null
}

/** Within its only node: a move to another one is no move, but an end and a start. */
export function attemptMoved(state: RunState, { attempt: id, placement, at }: AttemptMoved): void {
  const attempt = state.running.get(id)
  if (attempt === undefined || attempt.placement.node !== placement.node) return
  if (attempt.placement.others !== undefined) return
  const load = loadOf(state, placement.node)
  releaseCores(load, id, attempt.placement.cores)
  attempt.placement = placement
  attempt.movedAt = at
  holdCores(load, id, placement.cores)
}

export function attemptEnded(state: RunState, event: AttemptEnded): void {
  const attempt = state.running.get(event.attempt)
  const task = attempt && state.tasks.get(attempt.task)
  const item = attempt && state.items.get(attempt.item)
  if (attempt === undefined || task === undefined || item === undefined) return
  release(state, task, attempt)
  if (event.outcome === 'completed' && event.upToDate) task.upToDate += 1
  else if (event.outcome === 'completed') rememberDuration(task, event.usage.wallSeconds)
  if (event.outcome !== 'requeued') state.alone.delete(item.id)
  task.wallSeconds += event.usage.wallSeconds
  task.cpuSeconds += event.usage.cpuSeconds
  task.peakMemoryBytes = Math.max(task.peakMemoryBytes, event.usage.peakMemoryBytes)
  const next = afterAttempt(item, event)
  if (next !== null) {
    if (event.forMemory) rememberMemory(task, item.id, event.usage.peakMemoryBytes)
    pendingAgain(state, task, next)
    return
  }
  if (event.outcome === 'completed') leaveToSuccessors(state, task, item, event)
  state.items.delete(item.id)
  task.memoryUsed.delete(item.id)
  if (event.outcome !== 'requeued') task.ended[event.outcome] += 1
}

function leaveToSuccessors(
  state: RunState,
  task: TaskState,
  { id, files: inputs, node }: ItemState,
  { result = null, outputs: files = inputs }: Partial<Pick<AttemptEnded, 'result' | 'outputs'>>,
): void {
  for (const name of task.successors) {
    taskNamed(state, name).completions.set(id, { item: id, result, files, node })
  }
}

/** An attempt that was ended early may have used less than the one before. */
function rememberMemory(task: TaskState, item: ItemId, usedBytes: number): void {
  task.memoryUsed.set(item, Math.max(usedBytes, task.memoryUsed.get(item) ?? 0))
}

function rememberDuration(task: TaskState, seconds: number): void {
  const before = task.typicalSeconds ?? seconds
  task.typicalSeconds = before + NEWEST_WEIGHT * (seconds - before)
}

/** Follows a change of the files' size within some ten attempts. */
const NEWEST_WEIGHT = 0.2

/** The item as it is pending again; null: it has ended. */
function afterAttempt(item: ItemState, { outcome, retryAt }: AttemptEnded): ItemState | null {
  const pending = { ...item, runningAs: null, follows: null }
  if (outcome === 'requeued') return pending
  if (outcome === 'completed' || outcome === 'cancelled' || retryAt === null) return null
  return { ...pending, readyAt: retryAt, failures: item.failures + 1 }
}

/** The attempt is gone with its launch: the item is pending again, as if it had not been tried. */
export function requeue(state: RunState, attempt: RunningAttempt): void {
  const task = state.tasks.get(attempt.task)
  const item = state.items.get(attempt.item)
  if (task === undefined || item === undefined) return
  release(state, task, attempt)
  pendingAgain(state, task, { ...item, runningAs: null, follows: null })
}

export function taskNamed(state: RunState, name: TaskName): TaskState {
  const task = state.tasks.get(name) ?? newTask(name)
  state.tasks.set(name, task)
  return task
}

function newTask(name: TaskName): TaskState {
  return {
    name,
    definition: null,
    pendingCount: 0,
    queue: [],
    bound: new Map(),
    queueLimit: null,
    running: new Set(),
    followingCount: 0,
    queued: 0,
    ended: { completed: 0, failed: 0, timeout: 0, cancelled: 0 },
    upToDate: 0,
    attempts: 0,
    wallSeconds: 0,
    cpuSeconds: 0,
    peakMemoryBytes: 0,
    typicalSeconds: null,
    memoryUsed: new Map(),
    waits: newWaits(),
    lastStartedAt: null,
    lastTurn: 0,
    seen: new Set(),
    successors: new Set(),
    completions: new Map(),
    lastVersions: new Map(),
  }
}
