import { writeStderr } from '../os/stderr.ts'
import { askRun } from '../supervisor/control-client.ts'
import type { ControlRequest } from '../supervisor/control-protocol.ts'
import { type NamedRunRequest, namedRun } from './own-run.ts'
import { unreachable } from './unreachable-run.ts'

export interface TellRunOptions extends NamedRunRequest {
  readonly request: ControlRequest
  /** How long the answer may take. Default: 5 s. */
  readonly answerMilliseconds?: number
}

/** Tells a live run something. Exit code 1: it could not be told, or could not do it; that was said on stderr. */
export async function tellRun({ request, answerMilliseconds, ...named }: TellRunOptions): Promise<number> {
  const { run, odopPath, socket } = await namedRun(named)
  const reply = await askRun(socket, request, answerMilliseconds)
  if (reply?.ok) return 0
  writeStderr(`odop: ${reply === null ? await unreachable(run, odopPath) : reply.problem}\n`)
  return 1
}
