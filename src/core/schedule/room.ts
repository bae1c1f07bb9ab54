import { type CorePool, coresNeeded, poolOf, take } from '../fit.ts'
import type { Layout } from '../layout.ts'
import type {
  CoreId,
  NodeFacts,
  NodeName,
  NodeSnapshot,
  Settings,
  Snapshot,
  TaskDefinition,
} from '../model.ts'
import type { NodeLoad, RunningAttempt, RunView, View } from '../run-state.ts'

/** What a node has to give in one call of `schedule`; shrinks as starts are decided. */
export interface Room {
  readonly node: NodeName
  readonly layout: Layout
  readonly load: View<NodeLoad>
  readonly maxCpus: number | null
  /** By core; see `BUSY`, `SHARED`, `IDLE` and `HELD`. */
  readonly levels: Uint8Array
  /** Free cores. */
  idle: number
  shared: number
  /** How many more cores `maxCpus` allows. */
  allowed: number
  /** What the snapshot says is available, and what is left of that when every attempt takes what it may. */
  readonly availableMemory: number
  memory: number
  ioBound: boolean
  networkBound: boolean
  /** Made when the first core is taken: most nodes get nothing in most calls. */
  pools: { readonly idle: CorePool; readonly shared: CorePool } | null
  /** Set while room is kept for an item that has waited long: holds for all that come after it. */
  kept: Kept | null
}

export interface Kept {
  /** What is over by then may start (ms since the epoch); null: it is not known when that is. */
  readonly until: number | null
  /** What others may have beyond that time. */
  spareCores: number
  spareMemory: number
}

/** Why an item of a task does not fit a room now. */
export type Lack = 'ioBound' | 'networkBound' | 'maxCpus' | 'cores' | 'memory' | 'kept'

export const BUSY = 0
export const SHARED = 1
export const IDLE = 2
/** Added to the level of a core that an attempt holds. */
export const HELD = 4

const NO_LOAD: View<NodeLoad> = { cores: new Map(), attempts: new Map() }

export function roomsOf(state: RunView, snapshot: Snapshot): Room[] {
  const rooms: Room[] = []
  for (const look of snapshot.nodes) {
    const facts = state.nodes.get(look.node)
    const layout = state.layouts.get(look.node)
    if (facts === undefined || layout === undefined) continue
    rooms.push(roomOf(facts, layout, look, state.loads.get(look.node) ?? NO_LOAD, state.settings))
  }
  return rooms
}

function roomOf(
  facts: View<NodeFacts>,
  layout: View<Layout>,
  look: NodeSnapshot,
  load: View<NodeLoad>,
  { maxCpus }: View<Settings>,
): Room {
  const levels = levelsOf(layout, look, load, facts.yieldMode === 'kernel')
  const attempts = [...load.attempts.values()]
  const room: Room = {
    node: look.node,
    layout,
    load,
    maxCpus,
    levels,
    idle: 0,
    shared: 0,
    allowed: maxCpus === null ? Number.POSITIVE_INFINITY : maxCpus - load.cores.size,
    availableMemory: look.availableMemoryBytes,
    memory: memoryLeft(look, load, attempts),
    ioBound: attempts.some(({ definition }) => definition?.ioBound),
    networkBound: attempts.some(({ definition }) => definition?.networkBound),
    pools: null,
    kept: null,
  }
  for (const core of layout.usable) {
    if (levels[core] === IDLE) room.idle += 1
    else if (levels[core] === SHARED) room.shared += 1
  }
  return room
}

/** A core is worth no more than the worst of its hardware threads; one that nobody looked at is busy. */
function levelsOf(
  layout: View<Layout>,
  look: NodeSnapshot,
  load: View<NodeLoad>,
  shares: boolean,
): Uint8Array {
  const levels = new Uint8Array(layout.size)
  for (const { core, judged } of look.cores) {
    // What is written beyond the end of a typed array is dropped: cores that are not of the allocation.
    levels[core] = judged === 'idle' ? IDLE : judged === 'shared' && shares ? SHARED : BUSY
  }
  for (const threads of layout.hyperthreads) {
    let worst = IDLE
    for (const thread of threads) worst = Math.min(worst, levels[thread] ?? BUSY)
    for (const thread of threads) levels[thread] = worst
  }
  for (const core of load.cores.keys()) {
    levels[core] = (levels[core] ?? BUSY) | HELD
  }
  return levels
}

/** An attempt with a limit may still grow to it; what it uses is not available any more already. */
function memoryLeft(
  look: NodeSnapshot,
  load: View<NodeLoad>,
  attempts: readonly View<RunningAttempt>[],
): number {
  let left = look.availableMemoryBytes
  for (const { definition } of attempts) left -= definition?.memoryBytes ?? 0
  for (const { attempt, memoryBytes } of look.attempts) {
    left += Math.min(memoryBytes, load.attempts.get(attempt)?.definition?.memoryBytes ?? 0)
  }
  return left
}

export function neededIn(room: Room, definition: TaskDefinition): number {
  return coresNeeded(definition.cpus, room.layout.usable.length, room.maxCpus)
}

/**
 * Why an item does not fit now; null: it fits. What a kept core could not cure comes first, so that nothing is
 * kept in vain.
 */
export function lackOf(room: Room, definition: TaskDefinition, now: number): Lack | null {
  const needed = neededIn(room, definition)
  if (definition.ioBound && room.ioBound) return 'ioBound'
  if (definition.networkBound && room.networkBound) return 'networkBound'
  if (needed > room.allowed) return 'maxCpus'
  if (needed > room.idle + room.shared) return 'cores'
  if (!memoryFits(room, definition)) return 'memory'
  if (room.kept !== null && !leavesKept(room.kept, definition, needed, now)) return 'kept'
  return null
}

function memoryFits(room: Room, { memoryBytes }: TaskDefinition): boolean {
  // A task without a limit reserves nothing, but nothing starts when the reserve is touched.
  return memoryBytes === null ? room.availableMemory > 0 : memoryBytes <= room.memory
}

function leavesKept(kept: Kept, definition: TaskDefinition, needed: number, now: number): boolean {
  if (overBy(kept, definition, now)) return true
  return needed <= kept.spareCores && (definition.memoryBytes ?? 0) <= kept.spareMemory
}

function overBy({ until }: Kept, { timeSeconds }: TaskDefinition, now: number): boolean {
  return until !== null && timeSeconds !== null && now + timeSeconds * 1000 <= until
}

/** Gives cores to one item that fits: idle ones before shared ones. */
export function takeFrom(room: Room, definition: TaskDefinition, now: number): CoreId[] {
  const needed = neededIn(room, definition)
  const fromIdle = Math.min(needed, room.idle)
  const cores = takeCores(room, needed, fromIdle)

  if (room.kept !== null && !overBy(room.kept, definition, now)) {
    room.kept.spareCores -= needed
    room.kept.spareMemory -= definition.memoryBytes ?? 0
  }
  room.idle -= fromIdle
  room.shared -= needed - fromIdle
  room.allowed -= needed
  room.memory -= definition.memoryBytes ?? 0
  room.ioBound ||= definition.ioBound
  room.networkBound ||= definition.networkBound
  return cores
}

function takeCores(room: Room, needed: number, fromIdle: number): CoreId[] {
  const { layout, levels } = room
  // All that is free needs no choice; `levels` says what is free until the first core is taken.
  if (room.pools === null && needed === room.idle + room.shared) {
    return layout.usable.filter(core => levels[core] === IDLE || levels[core] === SHARED)
  }
  room.pools ??= {
    idle: poolOf(layout, core => levels[core] === IDLE),
    shared: poolOf(layout, core => levels[core] === SHARED),
  }
  const cores = take(room.pools.idle, fromIdle)
  if (needed > fromIdle) cores.push(...take(room.pools.shared, needed - fromIdle))
  return cores.sort((a, b) => a - b)
}
