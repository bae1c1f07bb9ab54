import { type CorePool, holds, poolOf, take, takeNear, takeOne } from '../fit.ts'
import type { Layout } from '../layout.ts'
import type {
  CoreId,
  GpuIndex,
  NodeFacts,
  NodeName,
  NodeSnapshot,
  Placement,
  Settings,
  Snapshot,
  TaskDefinition,
  TaskName,
} from '../model.ts'
import type { NodeLoad, RunView, View } from '../run-state.ts'
import { BUSY, HELD, IDLE, judgeInto, SHARED } from './levels.ts'

/**
 * What a node has to give in one call of `schedule`; shrinks as starts are decided.
 *
 * Most nodes of a large run are full, or get nothing in most calls: what it takes to know more than how many cores are
 * free is done when somebody asks for it.
 */
export class Room {
  readonly node: NodeName
  readonly layout: View<Layout>
  readonly load: View<NodeLoad>
  readonly look: NodeSnapshot
  readonly settings: View<Settings>
  readonly maxCpus: number | null
  /** Free cores. */
  idle = 0
  shared = 0
  /** How many more cores `maxCpus` allows, and odop allows itself. */
  allowed: number
  /** Set while room is kept for an item that has waited long: holds for all that come after it. */
  kept: Kept | null = null
  readonly #shares: boolean
  #levels: Uint8Array | null = null
  #memory: number | null = null
  #ioBound: number | null = null
  #networkBound: number | null = null
  #freeGpus: GpuIndex[] | null = null
  #pools: { readonly idle: CorePool; readonly shared: CorePool } | null = null

  /** @param scratch at least as long as the layout's size */
  constructor({ facts, layout, look, load, settings }: RoomParts, scratch: Uint8Array) {
    const { maxCpus } = settings
    this.settings = settings
    this.node = look.node
    this.layout = layout
    this.load = load
    this.look = look
    this.maxCpus = maxCpus
    this.allowed = mostCores(maxCpus, look) - load.cores.size
    this.#shares = facts.yieldMode === 'kernel'
    if (load.cores.size < layout.usable.length) this.#count(scratch)
  }

  /** By core; see `BUSY`, `SHARED`, `IDLE` and `HELD`. As they were before anything was decided. */
  get levels(): Uint8Array {
    if (this.#levels === null) {
      this.#levels = new Uint8Array(this.layout.size)
      this.#judge(this.#levels)
    }
    return this.#levels
  }

  /** What the snapshot says is available, … */
  get availableMemory(): number {
    return this.look.availableMemoryBytes
  }

  /** … and what is left of that when every attempt takes what it may. */
  get memory(): number {
    this.#memory ??= memoryLeft(this.look, this.load)
    return this.#memory
  }

  set memory(bytes: number) {
    this.#memory = bytes
  }

  /** How many such attempts run. */
  get ioBound(): number {
    this.#ioBound ??= attemptsThat(this.load, definition => definition.ioBound)
    return this.#ioBound
  }

  set ioBound(count: number) {
    this.#ioBound = count
  }

  get networkBound(): number {
    this.#networkBound ??= attemptsThat(this.load, definition => definition.networkBound)
    return this.#networkBound
  }

  set networkBound(count: number) {
    this.#networkBound = count
  }

  /** How many the allocation has here. */
  get gpusThere(): number {
    return this.look.gpus?.length ?? 0
  }

  /** Idle ones that no attempt holds. */
  get freeGpus(): readonly GpuIndex[] {
    this.#freeGpus ??= freeGpusOf(this.look, this.load)
    return this.#freeGpus
  }

  /** There must be enough. */
  takeGpus(count: number): GpuIndex[] {
    const gpus = this.freeGpus.slice(0, count)
    this.#freeGpus = this.freeGpus.slice(count)
    return gpus
  }

  /** Takes free cores, idle ones before shared ones; there must be enough. */
  takeCores(count: number): CoreId[] {
    const fromIdle = Math.min(count, this.idle)
    const cores = this.#takeCores(count, fromIdle)
    this.idle -= fromIdle
    this.shared -= count - fromIdle
    return cores
  }

  /** Takes exactly these; false: not all of them are free, and none is taken. */
  takeThese(cores: readonly CoreId[]): boolean {
    const { idle, shared } = this.#openPools()
    const areFree = cores.every(core => holds(idle, core) || holds(shared, core))
    if (!areFree || new Set(cores).size < cores.length) return false
    for (const core of cores) {
      if (takeOne(idle, core)) this.idle -= 1
      else if (takeOne(shared, core)) this.shared -= 1
    }
    return true
  }

  /** Takes idle cores of one domain as far as it has them; there must be enough in all. */
  takeIdleNear(domain: number, count: number): CoreId[] {
    const pool = this.#openPools().idle
    this.idle -= count
    return takeNear(pool, domain, count)
  }

  domainOf(core: CoreId): number {
    return this.layout.physicalCores.find(({ threads }) => threads.includes(core))?.domain ?? 0
  }

  #takeCores(count: number, fromIdle: number): CoreId[] {
    const { layout, levels } = this
    // All that is free needs no choice; `levels` says what is free until the first core is taken.
    if (this.#pools === null && count === this.idle + this.shared) {
      return layout.usable.filter(core => levels[core] === IDLE || levels[core] === SHARED)
    }
    const pools = this.#openPools()
    const cores = take(pools.idle, fromIdle)
    if (count > fromIdle) cores.push(...take(pools.shared, count - fromIdle))
    return cores.sort((a, b) => a - b)
  }

  #openPools(): { readonly idle: CorePool; readonly shared: CorePool } {
    const { layout, levels } = this
    // Most rooms have cores of one kind only.
    this.#pools ??= {
      idle: this.idle === 0 ? NO_CORES : poolOf(layout, core => levels[core] === IDLE),
      shared: this.shared === 0 ? NO_CORES : poolOf(layout, core => levels[core] === SHARED),
    }
    return this.#pools
  }

  /** false: the application is on all cores. */
  #judge(levels: Uint8Array): boolean {
    const someLeft = judgeInto(levels, { layout: this.layout, look: this.look, shares: this.#shares })
    for (const core of this.load.cores.keys()) levels[core] = (levels[core] ?? BUSY) | HELD
    return someLeft
  }

  #count(scratch: Uint8Array): void {
    for (const { core, level } of offeredBy(this.look, this.layout, this.#shares, scratch)) {
      if (this.load.cores.has(core)) continue
      if (level === IDLE) this.idle += 1
      else this.shared += 1
    }
  }
}

/** What a start gets of a node. */
export type Taken = Pick<Placement, 'cores' | 'gpus'>

interface Offered {
  readonly core: CoreId
  readonly level: number
}

/** Looks that show the same cores share them: what thousands of nodes have to say of them changes seldom. */
const known = new WeakMap<
  NodeSnapshot['cores'],
  { readonly layout: View<Layout>; readonly shares: boolean; readonly offered: readonly Offered[] }
>()

/** The usable cores that the application leaves, whoever holds them. */
function offeredBy(
  look: NodeSnapshot,
  layout: View<Layout>,
  shares: boolean,
  scratch: Uint8Array,
): readonly Offered[] {
  const before = known.get(look.cores)
  if (before?.layout === layout && before.shares === shares) return before.offered
  const offered: Offered[] = []
  if (judgeInto(scratch, { layout, look, shares })) {
    for (const core of layout.usable) {
      const level = scratch[core] ?? BUSY
      if (level === IDLE || level === SHARED) offered.push({ core, level })
    }
  }
  known.set(look.cores, { layout, shares, offered })
  return offered
}

function mostCores(maxCpus: number | null, { heldBack }: NodeSnapshot): number {
  const held = heldBack?.allowedCores ?? Number.POSITIVE_INFINITY
  return Math.min(maxCpus ?? Number.POSITIVE_INFINITY, held)
}

interface RoomParts {
  readonly facts: View<NodeFacts>
  readonly layout: View<Layout>
  readonly look: NodeSnapshot
  readonly load: View<NodeLoad>
  readonly settings: View<Settings>
}

export interface Kept {
  /** Whose item it is kept for. */
  readonly task: TaskName
  /** What is over by then may start (ms since the epoch); null: it is not known when that is. */
  readonly until: number | null
  /** What others may have beyond that time. */
  spareCores: number
  spareMemory: number
  spareGpus: number
}

const NO_CORES: CorePool = { domains: [] }

const NO_LOAD: View<NodeLoad> = { cores: new Map(), attempts: new Map() }

export function roomsOf(state: RunView, snapshot: Snapshot): Room[] {
  const { settings } = state
  const rooms: Room[] = []
  let scratch = new Uint8Array(0)
  for (const look of snapshot.nodes) {
    const facts = state.nodes.get(look.node)
    const layout = state.layouts.get(look.node)
    if (facts === undefined || layout === undefined) continue
    if (scratch.length < layout.size) scratch = new Uint8Array(layout.size)
    const load = state.loads.get(look.node) ?? NO_LOAD
    rooms.push(new Room({ facts, layout, look, load, settings }, scratch))
  }
  return rooms
}

/** The rooms in which an item may start: that of its node, or all. What is bound to nodes is rare, so they are not always sorted. */
export type RoomsFor = (node: NodeName | null) => readonly Room[]

export function roomsByNode(rooms: readonly Room[]): RoomsFor {
  let byNode: ReadonlyMap<NodeName, readonly Room[]> | null = null
  return node => {
    if (node === null) return rooms
    byNode ??= new Map(rooms.map(room => [room.node, [room]]))
    return byNode.get(node) ?? []
  }
}

/** An attempt may still grow to what is reserved for it; what it uses is not available any more already. */
function memoryLeft(look: NodeSnapshot, load: View<NodeLoad>): number {
  let left = look.availableMemoryBytes
  for (const { reservedMemoryBytes } of load.attempts.values()) left -= reservedMemoryBytes
  for (const { attempt, memoryBytes } of look.attempts) {
    left += Math.min(memoryBytes, load.attempts.get(attempt)?.reservedMemoryBytes ?? 0)
  }
  return left
}

function attemptsThat(load: View<NodeLoad>, are: (definition: TaskDefinition) => boolean): number {
  let count = 0
  for (const { definition } of load.attempts.values()) if (definition !== null && are(definition)) count += 1
  return count
}

function freeGpusOf({ gpus = [] }: NodeSnapshot, { attempts }: View<NodeLoad>): GpuIndex[] {
  const held = new Set([...attempts.values()].flatMap(({ placement }) => placement.gpus ?? []))
  return gpus.filter(({ index, judged }) => judged === 'idle' && !held.has(index)).map(({ index }) => index)
}
