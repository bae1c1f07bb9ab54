import { isEnough } from '../fit.ts'
import type { NodeName, Snapshot, TaskName } from '../model.ts'
import type { PolicyPlacement } from '../policies/question.ts'
import { isDue } from '../queue.ts'
import type { ItemState, RunView, View } from '../run-state.ts'
import { lackOf, neededIn, reserve, takeFrom } from './fitting.ts'
import { type Hindrance, replicasHindrance } from './hindrance.ts'
import { type Room, type RoomsFor, roomsByNode } from './room.ts'
import { placeFor } from './shape.ts'
import { type Line, linesOf, placementOf, type StartPlan, startOf } from './start.ts'

type Start = StartPlan['starts'][number]

export interface ProposedOptions {
  readonly state: RunView
  readonly snapshot: Snapshot
  readonly now: number
  /** What the user's policy last wanted, checked for its form only: the world has gone on since. */
  readonly proposed: readonly PolicyPlacement[]
  readonly openRooms: () => readonly Room[]
}

/**
 * What starts where a policy of the user's own decides: of what it wants, in its order, what can start at this moment.
 * Whatever it says, nothing gets a core that is not free, and no item starts twice.
 */
export function planProposed({ state, snapshot, now, proposed, openRooms }: ProposedOptions): StartPlan {
  const hindered = new Map<TaskName, Hindrance>()
  const lines = linesOf({ state, snapshot, now, hindered, turns: null })
  if (lines.length === 0 || proposed.length === 0)
    return { starts: [], follows: [], hindered, blocked: new Map(), rooms: [] }
  const rooms = openRooms()
  const roomsFor = roomsByNode(rooms)
  const lineOf = linesByItem(lines)
  const starts: Start[] = []
  const started = new Set<string>()
  for (const placement of proposed) {
    const item = state.items.get(placement.item)
    const line = item && lineOf(item)
    if (item === undefined || line === undefined || started.has(item.id)) continue
    if (!isReady(state, item, now) || replicasHindrance(line.definition, line.tally.running) !== null)
      continue
    const taken = take(placement, { line, item, roomsFor, now })
    if (taken === null) continue
    starts.push(startOf(item, taken))
    started.add(item.id)
    line.tally.running += 1
  }
  return { starts, follows: [], hindered, blocked: new Map(), rooms }
}

/** All items of a task that are bound to the same node need the same. */
function linesByItem(lines: readonly Line[]): (item: View<ItemState>) => Line | undefined {
  const known = new Map<TaskName, Map<NodeName | null, Line>>()
  for (const line of lines) {
    const ofTask = known.get(line.task) ?? new Map<NodeName | null, Line>()
    known.set(line.task, ofTask.set(line.node, line))
  }
  return ({ task, node }) => known.get(task)?.get(node)
}

function isReady(state: RunView, item: View<ItemState>, now: number): boolean {
  const task = state.tasks.get(item.task)
  return task !== undefined && isDue(task, item, now)
}

interface Taking {
  readonly line: Line
  readonly item: View<ItemState>
  readonly roomsFor: RoomsFor
  readonly now: number
}

/** null: it has no room now, or not there. */
function take(
  { node, cores }: PolicyPlacement,
  { line: { definition, shape }, item, roomsFor, now }: Taking,
): Start['placement'] | null {
  if (node === undefined) {
    const parts = placeFor(shape, roomsFor(item.node), now)
    return parts === null ? null : placementOf(parts, now)
  }
  const [room] = roomsFor(node)
  if (room === undefined || definition.mpi != null || (item.node ?? node) !== node) return null
  if (lackOf(room, definition, now) !== null) return null
  if (cores === undefined) return { node, ...takeFrom(room, definition, now) }
  if (!isEnough(definition.cpus, cores, neededIn(room, definition))) return null
  if (cores.length > room.allowed || !room.takeThese(cores)) return null
  const gpus = reserve(room, definition, { cores: cores.length, now })
  return { node, cores: [...cores].sort((a, b) => a - b), ...gpus }
}
