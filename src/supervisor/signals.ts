import type { ControlReply, SignalRequest } from './control-protocol.ts'
import type { ProgressDesk } from './progress.ts'
import type { TriggerDesk } from './trigger-desk.ts'
import { within } from './within.ts'

export interface SignalParts {
  readonly desk: Pick<TriggerDesk, 'signalled' | 'signals'>
  readonly progress: Pick<ProgressDesk, 'step'>
  /** The task modules were loaded, and their triggers have begun. */
  readonly tasksAreOpen: () => Promise<void>
}

/** The signal that needs no task: one step of the application. */
const PROGRESS = 'progress'
/** A request that comes before the tasks are there waits so long for them; where the application uses all cores, loading takes its time. */
export const LOADING_MILLISECONDS = 30_000

/** What a run does when it is sent a signal. */
export function signalled(request: SignalRequest, parts: SignalParts): ControlReply | Promise<ControlReply> {
  if (request.name === PROGRESS) {
    parts.progress.step()
    parts.desk.signalled(PROGRESS, request.files)
    return { ok: true }
  }
  const reply = queued(request, parts)
  return reply ?? signalledLater(request, parts)
}

/** The application may be quicker than the loading of its tasks. */
async function signalledLater(request: SignalRequest, parts: SignalParts): Promise<ControlReply> {
  if (!(await within(LOADING_MILLISECONDS, parts.tasksAreOpen()))) return STILL_LOADING
  return queued(request, parts) ?? unknownSignal(request, parts)
}

export const STILL_LOADING: ControlReply = {
  ok: false,
  problem: 'the task modules of this run are still being loaded: try again',
  again: true,
}

/** null: no task knows the signal. */
function queued({ name, files }: SignalRequest, { desk }: SignalParts): ControlReply | null {
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

function unknownSignal({ name }: SignalRequest, { desk }: SignalParts): ControlReply {
  const known = [...new Set([PROGRESS, ...desk.signals()])].join(', ')
  return { ok: false, problem: `no trigger of this name: ${JSON.stringify(name)}; there is: ${known}` }
}
