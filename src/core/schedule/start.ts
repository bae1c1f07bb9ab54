import type { Action } from '../actions.ts'
import { capacitiesOf, nodesOfJob } from '../fit.ts'
import { pop, push } from '../heap.ts'
import { attemptId } from '../ids.ts'
import type { AttemptId, NodeName, Placement, Snapshot, TaskDefinition, TaskName } from '../model.ts'
import { type Policy, policyNamed } from '../policies/policy.ts'
import { dueItems, firstDue } from '../queue.ts'
import type { ItemState, RunView, TaskState, View } from '../run-state.ts'
import { Leads } from './ahead.ts'
import { type Lack, takeFrom } from './fitting.ts'
import { type Hindrance, hindranceOf, replicasHindrance } from './hindrance.ts'
import { keepRoomFor } from './keep.ts'
import { withMemoryNeed } from './memory-need.ts'
import type { Part } from './ranks.ts'
import { type Room, type RoomsFor, roomsByNode, roomsOf } from './room.ts'
import { newShape, placeFor, type Shape, shapes } from './shape.ts'
import { Turns } from './turns.ts'

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
  /** Tasks whose next item found no room: once for items that may start anywhere, and for each node to which items are bound. */
  readonly blocked: ReadonlyMap<TaskName, readonly Blocked[]>
  /** As they are left by `starts`. */
  readonly rooms: readonly Room[]
}

export interface Blocked {
  /** To which the item is bound; null: to none. */
  readonly node: NodeName | null
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

/** A task with its next item, or its next one for a node. Changes as its items get started: all of them need the same. */
export interface Line {
  readonly task: TaskName
  readonly node: NodeName | null
  readonly definition: TaskDefinition
  readonly shape: Shape
  readonly waiting: Waiting
  /** Those after `item`; null: as long as they were not asked for. */
  items: Iterator<ItemState, undefined> | null
  item: ItemState
  waitingSince: number
  /** Shared by all lines of the task. */
  readonly tally: { running: number }
  running: number
  lastTurn: number
  rank: number
}

/**
 * Decides what starts: always the next item in the policy's order. All items of a task need the same, so a task
 * whose item finds no room is out for this call, and those behind it may use what it can't (backfill). What is bound to a node
 * stands in a line of its own, and is out by itself.
 */
export function planStarts(
  state: RunView,
  snapshot: Snapshot,
  now: number,
  openRooms: () => readonly Room[] = () => roomsOf(state, snapshot),
): StartPlan {
  const policy = policyNamed(state.settings.policy)
  const hindered = new Map<TaskName, Hindrance>()
  const turns = policy.nodes === 'in-turn' ? new Turns(state.lastNode) : null
  const lines = linesOf({ state, snapshot, now, hindered, turns })
  if (lines.length === 0) return { starts: [], follows: [], hindered, blocked: new Map(), rooms: [] }

  const rooms = openRooms()
  const roomsFor = roomsByNode(rooms)
  const starts: Start[] = []
  const blocked = new Map<TaskName, Blocked[]>()
  const order: Line[] = []
  const leads = new Leads(state, roomsFor)
  const followers = new Map<AttemptId, Follower[]>()
  let ahead = 0
  let kept = false
  let keptAnywhere = false
  for (const line of lines) {
    if (isOut(line, roomsFor, leads, now)) block(blocked, line.task, { node: line.node, ...NO_CORE })
    else enter(order, line, policy, now)
  }
  for (let line = pop(order, goesFirst); line !== undefined; line = pop(order, goesFirst)) {
    const { definition, shape, task, node } = line
    const full = replicasHindrance(definition, line.tally.running)
    if (full !== null) {
      hindered.set(task, full)
      continue
    }
    const parts = placeFor(shape, roomsFor(node), now)
    if (parts === null) {
      const lead = kept || ahead === MOST_AHEAD ? null : leadOf(line, leads, state)
      if (lead !== null) {
        ahead += 1
        follow(followers, lead, line.item)
        if (advance(state, line, { now, turn: state.starts + starts.length + ahead }))
          enter(order, line, policy, now)
        continue
      }
      block(blocked, task, { node, lacks: shape.lacks ?? new Set(), behind: starts.length })
      if (!hasWaitedLong(line, now)) continue
      // On any node for one item only, on its own node for each that is bound to one.
      if (node !== null) kept = keepRoomFor(definition, roomsFor(node), now) || kept
      else if (!keptAnywhere) {
        kept = true
        keptAnywhere = true
        keepRoomFor(definition, rooms, now)
      }
      continue
    }
    starts.push(startOf(line.item, placementOf(parts, now)))
    if (starts.length === MOST_STARTS) break
    if (advance(state, line, { now, turn: state.starts + starts.length + ahead }))
      enter(order, line, policy, now)
  }
  const follows = [...followers].map(([after, items]): Follow => ({ type: 'follow', after, items }))
  return { starts, follows, hindered, blocked, rooms }
}

interface LinesOptions {
  readonly state: RunView
  readonly snapshot: Snapshot
  readonly now: number
  /** Gets the tasks of which nothing may start. */
  readonly hindered: Map<TaskName, Hindrance>
  /** null: nodes take none. */
  readonly turns: Turns | null
}

export function linesOf({ state, snapshot, now, hindered, turns }: LinesOptions): Line[] {
  const lines: Line[] = []
  const capacities = capacitiesOf(nodesOfJob(state.nodes), state.settings)
  const shapeOf = shapes(turns)
  for (const task of state.tasks.values()) {
    if (task.pendingCount === 0) continue
    const running = task.running.size + task.followingCount
    const hindrance = hindranceOf({ state, task, running, capacities, snapshot })
    const { name } = task
    if (hindrance !== null) hindered.set(name, hindrance)
    if (hindrance !== null || task.definition === null) continue
    const definition = withMemoryNeed(state, snapshot, task.definition)
    const tally = { running }
    for (const [node, waiting] of waitingOf(state, task)) {
      const item = firstDue(waiting, now)
      if (item === null) continue
      const waitingSince = Math.max(item.readyAt, waiting.lastStartedAt ?? 0, state.launch?.at ?? 0)
      const shape = node === null ? shapeOf(definition) : newShape(definition, turns)
      lines.push({
        task: name,
        node,
        definition,
        shape,
        waiting,
        items: null,
        item,
        waitingSince,
        tally,
        running,
        lastTurn: waiting.lastTurn,
        rank: 0,
      })
    }
  }
  return lines
}

type Waiting = Pick<View<TaskState>, 'queue' | 'lastStartedAt' | 'lastTurn'>

/** What of a task may start anywhere, and what is bound to the nodes of this launch. */
function* waitingOf(state: RunView, task: View<TaskState>): Generator<[NodeName | null, Waiting], undefined> {
  yield [null, task]
  for (const [node, bound] of task.bound) {
    if (bound.queue.length > 0 && state.nodes.has(node)) yield [node, bound]
  }
}

const NO_CORE = { lacks: new Set<Lack>(['cores']), behind: 0 }

/**
 * On a node that is full nothing changes by looking closer, and there may be thousands of them: unless the item may follow, or
 * has waited so long that room is to be kept for it.
 */
function isOut(line: Line, roomsFor: RoomsFor, leads: Leads, now: number): boolean {
  if (line.node === null || leads.areFor(line.definition) || hasWaitedLong(line, now)) return false
  const room = roomsFor(line.node)[0]
  return room !== undefined && room.idle + room.shared === 0 && room.allowed > 0
}

function hasWaitedLong({ waitingSince }: Line, now: number): boolean {
  return now - waitingSince >= KEEP_AFTER_SECONDS * 1000
}

function block(blocked: Map<TaskName, Blocked[]>, task: TaskName, by: Blocked): void {
  const known = blocked.get(task) ?? []
  known.push(by)
  blocked.set(task, known)
}

function enter(order: Line[], line: Line, policy: Policy, now: number): void {
  line.running = line.tally.running
  line.rank = policy.rank(line, now)
  push(order, line, goesFirst)
}

function goesFirst(a: Line, b: Line): boolean {
  if (a.rank !== b.rank) return a.rank > b.rank
  if (a.item.readyAt !== b.item.readyAt) return a.item.readyAt < b.item.readyAt
  if (a.task !== b.task) return a.task < b.task
  return a.item.number < b.item.number
}

export function startOf(item: View<ItemState>, placement: Placement): Start {
  return { type: 'start', item: item.id, attempt: attemptId(item.id, item.attempts + 1), placement }
}

/** Takes it from the rooms. */
export function placementOf(parts: readonly Part[], now: number): Placement {
  const [first, ...others] = parts.map(({ room, definition }): Placement => {
    const taken = takeFrom(room, definition, now)
    return { node: room.node, ...taken }
  })
  // There is at least one.
  const placement = first as Placement
  return others.length === 0 ? placement : { ...placement, others }
}

/** Only where nothing but a free core or GPU lacks: what runs holds one, and will leave it to the follower. */
function leadOf({ shape, definition, item, node }: Line, leads: Leads, state: RunView): AttemptId | null {
  const onlyHeld = [...(shape.lacks ?? [])].every(lack => HELD_BY_LEADS.has(lack))
  return onlyHeld && !state.alone.has(item.id) ? leads.leadFor(definition, node) : null
}

const HELD_BY_LEADS: ReadonlySet<Lack> = new Set(['cores', 'maxCpus', 'gpus'])

function follow(followers: Map<AttemptId, Follower[]>, after: AttemptId, item: ItemState): void {
  const known = followers.get(after) ?? []
  if (known.length === 0) followers.set(after, known)
  known.push({ item: item.id, attempt: attemptId(item.id, item.attempts + 1) })
}

/** On to the next item of the line; false: that was the last one. */
function advance(
  state: RunView,
  line: Line,
  { now, turn }: { readonly now: number; readonly turn: number },
): boolean {
  line.tally.running += 1
  line.waitingSince = now
  line.lastTurn = turn
  line.items ??= itemsAfterFirst(state, line, now)
  const next = line.items.next().value
  if (next === undefined) return false
  line.item = next
  return true
}

/** Most lines are never asked for a second item. */
function itemsAfterFirst(state: RunView, { waiting }: Line, now: number): Iterator<ItemState, undefined> {
  const items = dueItems(state, waiting, now)
  items.next()
  return items
}
