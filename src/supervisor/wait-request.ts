import { workLeft } from '../core/dependencies.ts'
import type { TaskState } from '../core/state.ts'
import type { ControlReply, WaitRequest } from './control-protocol.ts'
import type { Recorder } from './recorder.ts'
import { LOADING_MILLISECONDS, STILL_LOADING } from './signals.ts'
import type { TriggerDesk } from './trigger-desk.ts'
import { orAborted, within } from './within.ts'

export interface WaitParts {
  readonly recorder: Pick<Recorder, 'state'>
  readonly desk: Pick<TriggerDesk, 'look' | 'isBusy'>
  /** The task modules were loaded, and their triggers have begun. */
  readonly tasksAreOpen: () => Promise<void>
}

/** Files that become complete are no event; and whoever waits, how many there are, must not make each event dearer. */
const POLL_MILLISECONDS = 100

/** Answers when the task, or all of them, have nothing left to do: also nothing of what had been written before the question. */
export async function waited(
  { task }: WaitRequest,
  parts: WaitParts,
  gone: AbortSignal,
): Promise<ControlReply> {
  const { recorder, desk, tasksAreOpen } = parts
  if (!(await within(LOADING_MILLISECONDS, tasksAreOpen()))) return STILL_LOADING
  const { tasks } = recorder.state
  if (task !== null && !tasks.has(task)) {
    return {
      ok: false,
      problem: `no task of this name: ${JSON.stringify(task)}; there is: ${[...tasks.keys()].join(', ')}`,
    }
  }
  await orAborted(gone, desk.look())
  const asked = (each: TaskState) => (task === null ? hasAnEnd(each) : each.name === task)
  const isLeft = (each: TaskState) => workLeft(each) > 0 || desk.isBusy(each.name)
  await until(() => ![...tasks.values()].some(each => asked(each) && isLeft(each)), gone)
  return { ok: true }
}

/** A background task is never done, as long as the application runs. */
function hasAnEnd({ definition }: TaskState): boolean {
  return definition?.trigger.kind !== 'background'
}

function until(condition: () => boolean, gone: AbortSignal): Promise<void> {
  if (condition() || gone.aborted) return Promise.resolve()
  return new Promise(resolve => {
    const check = () => {
      if (!condition() && !gone.aborted) return
      clearInterval(timer)
      resolve()
    }
    const timer = setInterval(check, POLL_MILLISECONDS).unref()
  })
}
