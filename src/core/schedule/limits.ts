import type { Action } from '../actions.ts'
import type { AttemptId, Snapshot } from '../model.ts'
import { activeSeconds, type NodeLoad, type RunView, type View } from '../run-state.ts'
import { formatDuration, formatSize } from '../units.ts'

type Terminate = Extract<Action, { type: 'terminate' }>

/** Ends attempts that went over a limit; each at most once, and none that is being ended already. */
export function enforceLimits(state: RunView, snapshot: Snapshot, now: number): Terminate[] {
  const ended = new Set<AttemptId>()
  const all = [...memoryLimits(state, snapshot), ...diskLimits(state, snapshot), ...timeLimits(state, now)]
  // One of its nodes, and one of its limits, is enough.
  return all.filter(({ attempt }) => !ended.has(attempt) && ended.add(attempt))
}

function memoryLimits(state: RunView, snapshot: Snapshot): Terminate[] {
  const actions: Terminate[] = []
  for (const look of snapshot.nodes) {
    const load = state.loads.get(look.node)
    if (load === undefined) continue
    const least = leastMemoryLimit(load)
    for (const { attempt, memoryBytes } of look.attempts) {
      // Nearly always: looking up each of a hundred thousand attempts would take half the time of a call.
      if (memoryBytes <= least) continue
      const limit = load.attempts.get(attempt)?.definition?.memoryBytes ?? null
      if (limit === null || memoryBytes <= limit || state.terminating.has(attempt)) continue
      const reason = `over its memory limit of ${formatSize(limit)}: it used ${formatSize(memoryBytes)}`
      actions.push({ type: 'terminate', attempt, outcome: 'failed', reason })
    }
  }
  return actions
}

function diskLimits(state: RunView, snapshot: Snapshot): Terminate[] {
  const actions: Terminate[] = []
  for (const { attempts } of snapshot.nodes) {
    for (const { attempt, writtenBytes } of attempts) {
      if (writtenBytes === undefined || state.terminating.has(attempt)) continue
      const limit = state.running.get(attempt)?.definition?.diskLimitBytes ?? null
      if (limit === null || writtenBytes <= limit) continue
      const reason = `over its disk limit of ${formatSize(limit)}: it wrote ${formatSize(writtenBytes)}`
      actions.push({ type: 'terminate', attempt, outcome: 'failed', reason })
    }
  }
  return actions
}

function leastMemoryLimit({ attempts }: View<NodeLoad>): number {
  let least = Number.POSITIVE_INFINITY
  for (const { definition } of attempts.values()) {
    const limit = definition?.memoryBytes ?? null
    if (limit !== null && limit < least) least = limit
  }
  return least
}

function timeLimits(state: RunView, now: number): Terminate[] {
  const actions: Terminate[] = []
  for (const attempt of state.running.values()) {
    const limit = attempt.definition?.timeSeconds ?? null
    if (limit === null || activeSeconds(attempt, now) <= limit || state.terminating.has(attempt.attempt))
      continue
    const reason = `over its time limit of ${formatDuration(limit)}`
    actions.push({ type: 'terminate', attempt: attempt.attempt, outcome: 'timeout', reason })
  }
  return actions
}
