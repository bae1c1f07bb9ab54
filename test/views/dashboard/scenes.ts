import type { OdopEvent } from '../../../src/core/events.ts'
import { frame } from '../../../src/views/dashboard/frame.ts'
import type { Scene } from '../../../src/views/dashboard/scene.ts'
import { newTold, tell } from '../../../src/views/dashboard/told.ts'
import { FIRST_UI, type Ui } from '../../../src/views/dashboard/ui.ts'
import { renderLines } from '../../../src/views/lines.ts'
import { statusOf } from '../../../src/views/status.ts'
import { at, launched, launchStarted, nodeFacts, nodeUsage, queued, started } from '../samples.ts'

/** A scene as the dashboard makes it of a journal. */
export function sceneOf(
  events: readonly OdopEvent[],
  { now = at(60), alive = true, ...other }: Partial<Scene> & { now?: number; alive?: boolean } = {},
): Scene {
  const told = newTold()
  for (const event of events) tell(told, event)
  const { state, details } = told
  const status = statusOf(state, { now, alive, details, snapshot: null })
  if (status === null) throw new Error('nothing was launched')
  return {
    told,
    status,
    samples: new Map(),
    memory: new Map(),
    attached: true,
    panel: null,
    message: null,
    ...other,
  }
}

export const SIZES = [
  [80, 24],
  [120, 40],
  [40, 10],
  [250, 70],
  [20, 5],
] as const

export function textOf(
  scene: Scene,
  [width, height]: readonly [number, number],
  ui: Ui = FIRST_UI,
): string[] {
  const lines = frame(scene, ui, { width, height }, at(60))
  return renderLines(lines, { width, colour: false }).split('\n').slice(0, -1)
}

/** Something of everything. */
export function busy(): readonly OdopEvent[] {
  return [
    ...launched(),
    queued('reduce', 1, 1),
    queued('reduce', 2, 1),
    queued('reduce', 3, 2),
    started('reduce', '1.1', 2),
    { type: 'usage', at: at(10), usage: nodeUsage('n1') },
    { type: 'note', at: at(11), level: 'warning', text: 'a warning for the user' },
  ]
}

export function cluster(nodes: number, cores: number): readonly OdopEvent[] {
  const names = Array.from({ length: nodes }, (_, at) => `n${at + 1}`)
  return [
    launchStarted(),
    ...names.map(name => ({ type: 'node-joined', at: at(0), facts: nodeFacts(name, cores) }) as const),
    ...names.map(name => ({ type: 'usage', at: at(10), usage: nodeUsage(name) }) as const),
  ]
}
