import path from 'node:path'
import { loadConfiguration } from '../config.ts'
import { runPaths } from '../journal/run-paths.ts'
import { writeStderr } from '../os/stderr.ts'
import { askRun } from '../supervisor/control-client.ts'
import { unreachable } from './unreachable-run.ts'

export interface SignalRunRequest {
  readonly run: string
  readonly name: string
  /** Relative to `cwd`. */
  readonly files: readonly string[]
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Exit code 1: the run could not be told, or knows no such name. */
export async function signalRun({ run, name, files, cwd, environment }: SignalRunRequest): Promise<number> {
  const { configuration } = await loadConfiguration({ cwd, environment, flags: {}, file: null })
  const { odopPath } = configuration
  const absolute = files.map(file => path.resolve(cwd, file))
  const request = { type: 'signal', name, files: absolute } as const
  const reply = await askRun(runPaths(odopPath, run).controlSocket, request)
  if (reply?.ok) return 0
  writeStderr(`odop: ${reply === null ? await unreachable(run, odopPath) : reply.problem}\n`)
  return 1
}
