import { loadConfiguration } from '../config.ts'
import { runPaths } from '../journal/run-paths.ts'
import { writeStderr } from '../os/stderr.ts'
import { askRun } from '../supervisor/control-client.ts'
import type { ControlRequest } from '../supervisor/control-protocol.ts'
import { unreachable } from './unreachable-run.ts'

export interface TellRunOptions {
  readonly run: string
  readonly request: ControlRequest
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Tells a live run something. Exit code 1: it could not be told, or could not do it; that was said on stderr. */
export async function tellRun({ run, request, cwd, environment }: TellRunOptions): Promise<number> {
  const { configuration } = await loadConfiguration({ cwd, environment, flags: {}, file: null })
  const { odopPath } = configuration
  const reply = await askRun(runPaths(odopPath, run).controlSocket, request)
  if (reply?.ok) return 0
  writeStderr(`odop: ${reply === null ? await unreachable(run, odopPath) : reply.problem}\n`)
  return 1
}
