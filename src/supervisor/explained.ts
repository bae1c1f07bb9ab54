import { setTimeout as pause } from 'node:timers/promises'
import { explain, explainLeft } from '../core/explain.ts'
import type { Snapshot, TaskName } from '../core/model.ts'
import type { RunView } from '../core/state.ts'
import type { ControlReply, ExplainRequest } from './control-protocol.ts'

export interface Present {
  readonly state: RunView
  /** The last look at the nodes; null: there was none. */
  readonly snapshot: Snapshot | null
  /** Whether decisions still start anything: not when the launch ends. */
  readonly starts: boolean
  readonly now: number
  /** What the trigger of a task waits for, see `TriggerDesk`. */
  readonly waitsFor: (task: TaskName) => Promise<readonly string[]>
}

/** Why a task waits, or all of them, as it is at present. */
export async function explained({ task }: ExplainRequest, present: Present): Promise<ControlReply> {
  const { state } = present
  if (task === null) {
    return { ok: true, waiting: Object.fromEntries(waitingTasks(present)) }
  }
  if (!state.tasks.has(task)) return { ok: false, problem: `no task of this name: ${JSON.stringify(task)}` }
  const reasons = itemReasons(present, task)
  return { ok: true, reasons: [...reasons, ...(await inTime(present.waitsFor(task)))] }
}

type Seen = Omit<Present, 'waitsFor'>

/** Tasks with pending items, and why those wait. */
export function waitingTasks(present: Seen): [TaskName, string[]][] {
  return [...present.state.tasks.values()].flatMap(({ name, pendingCount }): [TaskName, string[]][] =>
    pendingCount === 0 ? [] : [[name, itemReasons(present, name)]],
  )
}

function itemReasons({ state, snapshot, starts, now }: Seen, task: TaskName): string[] {
  if (snapshot === null) return state.tasks.get(task)?.pendingCount === 0 ? [] : ['odop is still starting']
  return (starts ? explain : explainLeft)(state, snapshot, now, task)
}

/** A file system that does not answer must not keep who asks. */
const TRIGGER_MILLISECONDS = 2_500

async function inTime(texts: Promise<readonly string[]>): Promise<readonly string[]> {
  const late = pause(TRIGGER_MILLISECONDS, ['what its trigger waits for could not be found out in time'], {
    ref: false,
  })
  return await Promise.race([texts, late])
}
