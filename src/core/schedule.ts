import type { Action } from './actions.ts'
import type { Snapshot } from './model.ts'
import type { RunView } from './run-state.ts'
import { enforceLimits } from './schedule/limits.ts'
import { planStarts } from './schedule/start.ts'
import { yieldCores } from './schedule/yielding.ts'

/**
 * Decides what to do now. Pure: what is decided becomes true only when the engine has done it and events say so.
 *
 * At most one action concerns an attempt. Cores that an action frees are given away only when the attempt has
 * ended: until then it may still run on them.
 */
export function schedule(state: RunView, snapshot: Snapshot, now: number): Action[] {
  const terminations = enforceLimits(state, snapshot, now)
  const ending = new Set(terminations.map(({ attempt }) => attempt))
  const yields = yieldCores(state, snapshot, now).filter(({ attempt }) => !ending.has(attempt))
  return [...terminations, ...yields, ...planStarts(state, snapshot, now).starts]
}
