import type { ControlReply, SignalRequest } from './control-protocol.ts'
import type { ProgressDesk } from './progress.ts'

/** The signal that needs no task: one step of the application. */
const PROGRESS = 'progress'

/** What a run does when it is sent a signal. */
export function signalled({ name }: SignalRequest, progress: Pick<ProgressDesk, 'step'>): ControlReply {
  if (name === PROGRESS) {
    progress.step()
    return { ok: true }
  }
  return { ok: false, problem: `no trigger of this name: ${JSON.stringify(name)}; there is: ${PROGRESS}` }
}
