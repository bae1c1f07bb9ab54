import path from 'node:path'
import { type TellRunOptions, tellRun } from './tell-run.ts'

export interface SignalRunRequest extends Omit<TellRunOptions, 'request' | 'answerMilliseconds'> {
  readonly name: string
  /** Relative to `cwd`. */
  readonly files: readonly string[]
}

/** A run whose task modules are still being loaded answers when they are: milliseconds. */
const LONGEST_WAIT = 40_000

/** Exit code 1: the run could not be told, or knows no such name. */
export function signalRun({ name, files, ...options }: SignalRunRequest): Promise<number> {
  const absolute = files.map(file => path.resolve(options.cwd, file))
  return tellRun({
    ...options,
    request: { type: 'signal', name, files: absolute },
    answerMilliseconds: LONGEST_WAIT,
  })
}
