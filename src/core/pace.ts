import { capacitiesOf, nodesOfJob } from './fit.ts'
import type { NodeSnapshot, Snapshot } from './model.ts'
import { nextReadyAt } from './queue.ts'
import { applicationRuns, isPaused, type RunView } from './run-state.ts'
import { hindranceOf } from './schedule/hindrance.ts'

/** While a decision depends on what the application does next: its return, or its pause, must be seen soon. */
export const FAST_MILLISECONDS = 100
/** While attempts run and the kernel yields for them: for accounts, limits, and an application that changes its cores. */
export const STEADY_MILLISECONDS = 250
/** While there is nothing to do: odop must cost next to nothing. */
export const SLOW_MILLISECONDS = 1000
/** A core that was in use for so long is not expected to be left in the next moment: seeing that a little later costs nothing. */
const SETTLED_SECONDS = 5
/** After the launch, while task modules are being loaded: the cores have to be known by the time the first item is queued. */
const OPENING_MILLISECONDS = 2000

/**
 * How long until the next look, unless something happens before: what happens in odop itself (an item is queued, an
 * attempt ends) wakes the loop, so looks are only for what others do.
 */
export function nextLookMilliseconds(state: RunView, snapshot: Snapshot, now: number): number {
  if (applicationRuns(state) && now - (state.launch?.at ?? 0) < OPENING_MILLISECONDS) return FAST_MILLISECONDS
  const wanted = wantsCores(state, snapshot, now)
  if (applicationRuns(state) && snapshot.nodes.some(look => isUrgent(state, look, wanted)))
    return FAST_MILLISECONDS
  const atEase = wanted || state.running.size > 0 ? STEADY_MILLISECONDS : SLOW_MILLISECONDS
  return Math.min(atEase, millisecondsToRetry(state, now))
}

function isUrgent(state: RunView, look: NodeSnapshot, wanted: boolean): boolean {
  const attempts = state.loads.get(look.node)?.attempts.size ?? 0
  if (attempts > 0 && state.nodes.get(look.node)?.yieldMode === 'suspend') return true
  // How far odop holds itself back is found out look by look.
  if (attempts > 0 && state.settings.maxSlowdown !== null) return true
  return wanted && mayBecomeFree(state, look)
}

/** Whether something is due that would start if only there were cores. */
function wantsCores(state: RunView, snapshot: Snapshot, now: number): boolean {
  if (state.pendingCount === 0 || isPaused(state)) return false
  const capacities = capacitiesOf(nodesOfJob(state.nodes), state.settings)
  for (const task of state.tasks.values()) {
    if ((nextReadyAt(state, task) ?? Number.POSITIVE_INFINITY) > now) continue
    const running = task.running.size
    if (hindranceOf({ state, task, running, capacities, snapshot }) === null) return true
  }
  return false
}

/** Cores that attempts hold become free when those end, and idle ones are for what does not fit there. */
function mayBecomeFree(state: RunView, { node, cores }: NodeSnapshot): boolean {
  const layout = state.layouts.get(node)
  const held = state.loads.get(node)?.cores
  if (layout === undefined || layout.usable.length <= (held?.size ?? 0)) return false
  return cores.some(
    ({ core, judged, busySeconds = 0 }) =>
      judged !== 'idle' && held?.has(core) !== true && busySeconds < SETTLED_SECONDS,
  )
}

/** Until an item that waits for its next try may start; what is due already waits for something else. */
function millisecondsToRetry(state: RunView, now: number): number {
  let soonest = Number.POSITIVE_INFINITY
  for (const task of state.tasks.values()) {
    const readyAt = nextReadyAt(state, task)
    if (readyAt !== null && readyAt > now) soonest = Math.min(soonest, readyAt - now)
  }
  return Math.ceil(soonest)
}
