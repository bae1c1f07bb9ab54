import type { Action } from '../actions.ts'
import { capacitiesOf } from '../fit.ts'
import { pop, push } from '../heap.ts'
import { attemptId } from '../ids.ts'
import type { AttemptId, Placement, PlacementPart, Snapshot, TaskDefinition, TaskName } from '../model.ts'
import { type Policy, policyNamed } from '../policies/policy.ts'
import { dueItems } from '../queue.ts'
import type { ItemState, RunView } from '../run-state.ts'
import { Leads } from './ahead.ts'
import { type Lack, takeFrom } from './fitting.ts'
import { type Hindrance, hindranceOf, replicasHindrance } from './hindrance.ts'
import { keepRoomFor } from './keep.ts'
import { withMemoryNeed } from './memory-need.ts'
import type { Part } from './ranks.ts'
import { type Room, roomsOf } from './room.ts'
import { placeFor, type Shape, shapes } from './shape.ts'

type Start = Extract<Action, { type: 'start' }>
export type Follow = Extract<Action, { type: 'follow' }>
type Follower = Follow['items'][number]

/** What starts now, and why the rest does not: `explain` reads the latter. */
export interface StartPlan {
  readonly starts: readonly Start[]
  /** What will start behind a running attempt. */
  readonly follows: readonly Follow[]
  /** Tasks of which nothing may start now, whatever is free. */
  readonly hindered: ReadonlyMap<TaskName, Hindrance>
  /** Tasks whose next item found no room, with what lacks at each node. */
  readonly blocked: ReadonlyMap<TaskName, Blocked>
  /** As they are left by `starts`. */
  readonly rooms: readonly Room[]
}

export interface Blocked {
  readonly lacks: ReadonlySet<Lack>
  /** How many starts had been decided before. */
  readonly behind: number
}

/** Bounds the time of one call; where so many could start at once, the next call goes on. */
const MOST_STARTS = 2048
/** The same for what follows running attempts. */
const MOST_AHEAD = 1024

/** A blocked item that has waited so long gets a node kept for it. */
const KEEP_AFTER_SECONDS = 30

/** A task with its next item. Changes as its items get started: all of them need the same. */
interface Line {
  readonly task: TaskName
  readonly definition: TaskDefinition
  readonly shape: Shape
  readonly items: Iterator<ItemState, undefined>
  item: ItemState
  waitingSince: number
  running: number
  rank: number
}

/**
 * Decides what starts: always the next item in the policy's order. All items of a task need the same, so a task
 * whose item finds no room is out for this call, and those behind it may use what it can't (backfill).
 */
export function planStarts(
  state: RunView,
  snapshot: Snapshot,
  now: number,
  openRooms: () => readonly Room[] = () => roomsOf(state, snapshot),
): StartPlan {
  const policy = policyNamed(state.settings.policy)
  const hindered = new Map<TaskName, Hindrance>()
  const lines = linesOf(state, snapshot, now, hindered)
  if (lines.length === 0) return { starts: [], follows: [], hindered, blocked: new Map(), rooms: [] }

  const rooms = openRooms()
  const starts: Start[] = []
  const blocked = new Map<TaskName, Blocked>()
  const order: Line[] = []
  const leads = new Leads(state, rooms)
  const followers = new Map<AttemptId, Follower[]>()
  let ahead = 0
  let kept = false
  for (const line of lines) enter(order, line, policy, now)
  for (let line = pop(order, goesFirst); line !== undefined; line = pop(order, goesFirst)) {
    const { definition, shape, task } = line
    const parts = placeFor(shape, rooms, now)
    if (parts === null) {
      const lead = kept || ahead === MOST_AHEAD ? null : leadOf(line, leads, state)
      if (lead !== null) {
        ahead += 1
        follow(followers, lead, line.item)
        if (advance(line, now) === 'more') enter(order, line, policy, now)
        continue
      }
      blocked.set(task, { lacks: shape.lacks ?? new Set(), behind: starts.length })
      if (!kept && now - line.waitingSince >= KEEP_AFTER_SECONDS * 1000) {
        kept = true
        keepRoomFor(definition, rooms, snapshot, now)
      }
      continue
    }
    starts.push(startOf(line, parts, now))
    if (starts.length === MOST_STARTS) break
    const next = advance(line, now)
    if (next === 'more') enter(order, line, policy, now)
    else if (next !== 'done') hindered.set(task, next)
  }
  const follows = [...followers].map(([after, items]): Follow => ({ type: 'follow', after, items }))
  return { starts, follows, hindered, blocked, rooms }
}

function linesOf(
  state: RunView,
  snapshot: Snapshot,
  now: number,
  hindered: Map<TaskName, Hindrance>,
): Line[] {
  const lines: Line[] = []
  const capacities = capacitiesOf([...state.nodes.values()], state.settings)
  const shapeOf = shapes()
  for (const task of state.tasks.values()) {
    if (task.pendingCount === 0) continue
    const running = task.running.size + task.followingCount
    const hindrance = hindranceOf({ task, running, capacities, remainingSeconds: snapshot.remainingSeconds })
    const { name } = task
    if (hindrance !== null) hindered.set(name, hindrance)
    if (hindrance !== null || task.definition === null) continue
    const definition = withMemoryNeed(state, snapshot, task.definition)
    const items = dueItems(state, task, now)
    const item = items.next().value
    if (item === undefined) continue
    const waitingSince = Math.max(item.readyAt, task.lastStartedAt ?? 0, state.launch?.at ?? 0)
    lines.push({
      task: name,
      definition,
      shape: shapeOf(definition),
      items,
      item,
      waitingSince,
      running,
      rank: 0,
    })
  }
  return lines
}

function enter(order: Line[], line: Line, policy: Policy, now: number): void {
  line.rank = policy.rank(line, now)
  push(order, line, goesFirst)
}

function goesFirst(a: Line, b: Line): boolean {
  if (a.rank !== b.rank) return a.rank > b.rank
  if (a.item.readyAt !== b.item.readyAt) return a.item.readyAt < b.item.readyAt
  return a.task < b.task
}

function startOf({ item }: Line, parts: readonly Part[], now: number): Start {
  return {
    type: 'start',
    item: item.id,
    attempt: attemptId(item.id, item.attempts + 1),
    placement: placementOf(parts, now),
  }
}

function placementOf(parts: readonly Part[], now: number): Placement {
  const [first, ...others] = parts.map(({ room, definition }) => ({
    node: room.node,
    cores: takeFrom(room, definition, now),
  }))
  // There is at least one.
  const { node, cores } = first as PlacementPart
  return others.length === 0 ? { node, cores } : { node, cores, others }
}

/** Only where nothing but a free core lacks: what runs holds one, and will leave it to the follower. */
function leadOf({ shape, definition, item }: Line, leads: Leads, state: RunView): AttemptId | null {
  const onlyCores = [...(shape.lacks ?? [])].every(lack => lack === 'cores' || lack === 'maxCpus')
  return onlyCores && !state.alone.has(item.id) ? leads.leadFor(definition) : null
}

function follow(followers: Map<AttemptId, Follower[]>, after: AttemptId, item: ItemState): void {
  const known = followers.get(after) ?? []
  if (known.length === 0) followers.set(after, known)
  known.push({ item: item.id, attempt: attemptId(item.id, item.attempts + 1) })
}

/** On to the next item of the task, if there is one and it may start. */
function advance(line: Line, now: number): Hindrance | 'more' | 'done' {
  line.running += 1
  line.waitingSince = now
  const next = line.items.next().value
  if (next === undefined) return 'done'
  line.item = next
  return replicasHindrance(line.definition, line.running) ?? 'more'
}
