import { type ChildProcess, spawn } from 'node:child_process'
import type { CoreId } from '../core/model.ts'
import { entryPoint } from '../entry-points.ts'

/** What a burner is told, as its argument. */
export interface BurnRequest {
  readonly core: CoreId
  readonly busySeconds: number
  readonly idleSeconds: number
  readonly level: number
  /** When the first cycle begins, milliseconds since the epoch: all burners keep the same time. */
  readonly startAt: number
}

/** Starts a process that keeps one core busy in cycles, until it is ended or its parent is gone. */
export function startBurner(request: BurnRequest): ChildProcess {
  return spawn(process.execPath, [entryPoint('burn'), JSON.stringify(request)], { stdio: 'ignore' })
}
