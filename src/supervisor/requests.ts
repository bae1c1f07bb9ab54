import { workLeft } from '../core/dependencies.ts'
import type { TaskState } from '../core/state.ts'
import type { Handle } from './control.ts'
import type { ControlReply, SignalRequest, WaitRequest } from './control-protocol.ts'
import { explained, type Present } from './explained.ts'
import type { ProgressDesk } from './progress.ts'
import type { Recorder } from './recorder.ts'
import type { TriggerDesk } from './trigger-desk.ts'
import { orAborted, within } from './within.ts'

export interface RequestParts {
  readonly recorder: Pick<Recorder, 'state' | 'listen'>
  readonly desk: Pick<TriggerDesk, 'signalled' | 'signals' | 'look' | 'isBusy'>
  readonly progress: Pick<ProgressDesk, 'step'>
  /** The task modules were loaded, and their triggers have begun. */
  readonly tasksAreOpen: Promise<void>
  readonly present: () => Present
  readonly run: string
  /** null: nothing of this run is kept. */
  readonly folder: string | null
}

/** The signal that needs no task: one step of the application. */
const PROGRESS = 'progress'
/** A request that comes before the tasks are there waits so long for them; where the application uses all cores, loading takes its time. */
const LOADING_MILLISECONDS = 30_000
/** Files that become complete are no event. */
const POLL_MILLISECONDS = 250

/** What a run does when it is asked for something. */
export function answering(parts: RequestParts): Handle {
  return (request, gone) => {
    switch (request.type) {
      case 'signal':
        return signalled(request, parts)
      case 'run':
        return { ok: true, run: parts.run, folder: parts.folder }
      case 'explain':
        return explained(request, parts.present())
      case 'wait':
        return waited(request, parts, gone)
    }
  }
}

function signalled(request: SignalRequest, parts: RequestParts): ControlReply | Promise<ControlReply> {
  if (request.name === PROGRESS) {
    parts.progress.step()
    parts.desk.signalled(PROGRESS, request.files)
    return { ok: true }
  }
  const reply = queued(request, parts)
  return reply ?? signalledLater(request, parts)
}

/** The application may be quicker than the loading of its tasks. */
async function signalledLater(request: SignalRequest, parts: RequestParts): Promise<ControlReply> {
  if (!(await within(LOADING_MILLISECONDS, parts.tasksAreOpen))) return STILL_LOADING
  return queued(request, parts) ?? unknownSignal(request, parts)
}

const STILL_LOADING: ControlReply = {
  ok: false,
  problem: 'the task modules of this run are still being loaded: try again',
  again: true,
}

/** null: no task knows the signal. */
function queued({ name, files }: SignalRequest, { desk }: RequestParts): ControlReply | null {
  const outcome = desk.signalled(name, files)
  switch (outcome.kind) {
    case 'queued':
      return { ok: true }
    case 'full':
      return {
        ok: false,
        problem: `${outcome.tasks.join(', ')}: no more work items are taken in this run (maxRuns)`,
      }
    case 'unknown':
      return null
  }
}

function unknownSignal({ name }: SignalRequest, { desk }: RequestParts): ControlReply {
  const known = [...new Set([PROGRESS, ...desk.signals()])].join(', ')
  return { ok: false, problem: `no trigger of this name: ${JSON.stringify(name)}; there is: ${known}` }
}

/** Answers when the task, or all of them, have nothing left to do: also nothing of what had been written before the question. */
async function waited({ task }: WaitRequest, parts: RequestParts, gone: AbortSignal): Promise<ControlReply> {
  const { recorder, desk, tasksAreOpen } = parts
  if (!(await within(LOADING_MILLISECONDS, tasksAreOpen))) return STILL_LOADING
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
  await until(() => ![...tasks.values()].some(each => asked(each) && isLeft(each)), recorder, gone)
  return { ok: true }
}

/** A background task is never done, as long as the application runs. */
function hasAnEnd({ definition }: TaskState): boolean {
  return definition?.trigger.kind !== 'background'
}

function until(
  condition: () => boolean,
  recorder: RequestParts['recorder'],
  gone: AbortSignal,
): Promise<void> {
  if (condition() || gone.aborted) return Promise.resolve()
  return new Promise(resolve => {
    const check = () => {
      if (!condition() && !gone.aborted) return
      clearInterval(timer)
      unlisten()
      resolve()
    }
    const timer = setInterval(check, POLL_MILLISECONDS).unref()
    const unlisten = recorder.listen(check)
  })
}
