import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Configuration } from '../config.ts'
import type { OdopEvent } from '../core/events.ts'
import { apply, newState, type RunState } from '../core/state.ts'
import type { RunPlace } from './attempts.ts'
import type { EventSink } from './recorder.ts'
import type { NodeLook } from '../node/observe/sampler.ts'
import type { NodeFacts, NodeUsage } from '../core/model.ts'
import { type Details, newDetails } from '../views/details.ts'
import type { SuperviseRequest } from './supervise.ts'

export interface RunStore {
  readonly journal: (EventSink & { close(): Promise<void> }) | null
  readonly state: RunState
  readonly place: RunPlace
  readonly folder: string | null
  readonly cwd: string
  readonly warnings: readonly string[]
  readonly details: Details
  close(): Promise<void>
  appendMetrics(facts: NodeFacts, look: NodeLook, usage: NodeUsage): void
}
export async function openRunStore({ request, configuration, now }: { request: SuperviseRequest; configuration: Configuration; now: number }): Promise<RunStore> {
  const name = configuration.name ?? `run-${now}`
  const folder = path.join(configuration.odopPath, 'runs', name)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = path.join(folder, 'events.ndjson')
  const state = newState()
  if (existsSync(file)) for (const line of readFileSync(file, 'utf8').split('\n').slice(1)) { try { apply(state, JSON.parse(line) as OdopEvent) } catch {} }
  else appendFileSync(file, '{"schema":1}\n')
  return {
    journal: { append: e => appendFileSync(file, `${JSON.stringify(e)}\n`), close: async () => {} },
    state, folder, cwd: request.cwd, warnings: [], details: newDetails(), close: async () => {}, appendMetrics: () => {},
    place: { name, folder, attemptLog: a => path.join(folder, 'logs', a.split('#')[0] ?? '', `${a.split('#')[1]}.log`), scratch: a => path.join(folder, 'scratch', a) },
  }
}
