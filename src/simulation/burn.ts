import { type ChildProcess, spawn } from 'node:child_process'
import type { CoreId } from '../core/model.ts'
import { entryPoint } from '../entry-points.ts'

/** What a burner is told, as its argument. */
export interface BurnRequest {
  readonly core: CoreId
  /** The process that asks for it. */
  readonly parent: number
  readonly busySeconds: number
  readonly idleSeconds: number
  readonly level: number
  /** When the first cycle begins, milliseconds since the epoch: all burners keep the same time. */
  readonly startAt: number
}

/** Starts a process that keeps one core busy in cycles, until it is ended or its parent is gone. */
export function startBurner(request: Omit<BurnRequest, 'parent'>): ChildProcess {
  const words = JSON.stringify({ ...request, parent: process.pid } satisfies BurnRequest)
  return spawn(process.execPath, [entryPoint('burn'), words], { stdio: 'ignore' })
}
