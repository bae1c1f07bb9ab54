import { explain } from '../core/explain.ts'
import type { Snapshot } from '../core/model.ts'
import type { RunView } from '../core/state.ts'
import type { ControlReply, ExplainRequest } from './control-protocol.ts'

export interface Present {
  readonly state: RunView
  /** The last look at the nodes; null: there was none. */
  readonly snapshot: Snapshot | null
  readonly now: number
}

/** Why a task waits, as it is at present. */
export function explained({ task }: ExplainRequest, { state, snapshot, now }: Present): ControlReply {
  if (!state.tasks.has(task)) return { ok: false, problem: `no task of this name: ${JSON.stringify(task)}` }
  if (snapshot === null) return { ok: true, reasons: ['odop is still starting'] }
  return { ok: true, reasons: explain(state, snapshot, now, task) }
}
