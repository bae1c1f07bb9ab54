import path from 'node:path'
import { SIGNAL_MILLISECONDS } from '../supervisor/control-client.ts'
import { type TellRunOptions, tellRun } from './tell-run.ts'

export interface SignalRunRequest extends Omit<TellRunOptions, 'request' | 'milliseconds'> {
  readonly name: string
  /** Relative to `cwd`. */
  readonly files: readonly string[]
}

/** Exit code 1: the run could not be told, or knows no such name. */
export function signalRun({ name, files, ...options }: SignalRunRequest): Promise<number> {
  const absolute = files.map(file => path.resolve(options.cwd, file))
  const request = { type: 'signal', name, files: absolute } as const
  return tellRun({ ...options, request, milliseconds: SIGNAL_MILLISECONDS })
}
