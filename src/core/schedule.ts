import type { Action } from './actions.ts'
import type { Snapshot } from './model.ts'
import { isPaused, type RunView } from './run-state.ts'
import { enforceLimits } from './schedule/limits.ts'
import { guardMemory } from './schedule/memory-guard.ts'
import { planMoves } from './schedule/moving.ts'
import { pauseAttempts } from './schedule/pausing.ts'
import { planOf } from './schedule/plan.ts'
import { roomsOf } from './schedule/room.ts'
import { yieldCores } from './schedule/yielding.ts'

/**
 * Decides what to do now. Pure: what is decided becomes true only when the engine has done it and events say so.
 *
 * At most one action concerns an attempt. Cores that an action frees are given away only when the attempt has
 * ended: until then it may still run on them. An attempt that runs has the first right to an idle core.
 */
export function schedule(state: RunView, snapshot: Snapshot, now: number): Action[] {
  const limits = enforceLimits(state, snapshot, now)
  const overLimit = new Set(limits.map(({ attempt }) => attempt))
  const terminations = [...limits, ...guardMemory(state, snapshot, overLimit)]
  const ending = new Set(terminations.map(({ attempt }) => attempt))
  if (isPaused(state)) return [...terminations, ...pauseAttempts(state, ending)]
  const yields = yieldCores(state, snapshot, now).filter(({ attempt }) => !ending.has(attempt))
  const leaving = new Set([...ending, ...yields.map(({ attempt }) => attempt)])
  const rooms = once(() => roomsOf(state, snapshot))
  const moves = planMoves({ state, snapshot, now, rooms, except: leaving })
  const { starts, follows } = planOf(state, snapshot, now, rooms)
  // Nothing is put behind an attempt that ends, yields or moves just now.
  for (const { attempt } of moves) leaving.add(attempt)
  const staying = follows.filter(({ after }) => !leaving.has(after))
  return [...terminations, ...yields, ...moves, ...starts, ...staying]
}

/** All decisions of a call are about the same rooms, which nobody looks at when there is nothing to decide. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
