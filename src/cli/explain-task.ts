import type { RunView, TaskState, View } from '../core/state.ts'
import type { ControlReply, ControlRequest } from '../supervisor/control-protocol.ts'
import type { Details } from '../views/details.ts'
import { type Explanation, explanationOf } from '../views/explanation.ts'
import type { Status } from '../views/status.ts'

export interface ExplainTaskOptions {
  readonly task: View<TaskState>
  readonly state: RunView
  readonly details: Details
  readonly alive: boolean
  readonly status: Status | null
  /** Asks the run itself; null: it does not answer. */
  readonly ask: (request: ControlRequest) => Promise<ControlReply | null>
}

/** A live run knows what the cores do and which files are open; of another one the journal tells. The same for all who show it. */
export async function explainTask({ ask, status, ...known }: ExplainTaskOptions): Promise<Explanation> {
  const { task } = known
  const reply = await ask({ type: 'explain', task: task.name })
  const told = reply?.ok === true ? (reply.reasons ?? null) : null
  const fromJournal = status?.waiting.filter(waiting => waiting.task === task.name) ?? []
  return explanationOf({ ...known, reasons: told ?? fromJournal.map(({ reason }) => reason) })
}
