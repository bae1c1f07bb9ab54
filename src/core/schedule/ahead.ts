import { pop, push } from '../heap.ts'
import type { AttemptId, NodeName, TaskDefinition } from '../model.ts'
import type { RunningAttempt, RunView, View } from '../run-state.ts'
import { BUSY, HELD } from './levels.ts'
import type { Room, RoomsFor } from './room.ts'

/**
 * Short work is handed to a runner before it is free, so that it never waits for a decision: an item may follow a running
 * attempt that has the same needs, on the same cores, as soon as that has ended. It is then bound to those cores, so only as
 * much is handed ahead as takes about as long as the next decisions may be late.
 */
const AHEAD_SECONDS = 0.05
/** Work of this length may still have one item ahead: longer work loses nothing by the few milliseconds of a decision. */
const LONGEST_SECONDS = 1
/** For work that takes next to no time. */
const MOST_AHEAD = 256
/** Bounds the time of one call; the next one goes on with others, as these have followers then. */
const MOST_LEADS = 1024
/** The same where each node is asked for leads of its own: so many attempts are looked at. */
const MOST_LOOKS = 8192

interface Lead {
  readonly attempt: AttemptId
  followers: number
  aheadSeconds: number
}

/** The running attempts behind which work can be put in one call, those with the least ahead first. */
export class Leads {
  readonly #state: RunView
  readonly #roomsFor: RoomsFor
  /** By node (null: of all nodes) and needs. Made when it is first asked for: most calls never do. */
  readonly #byNeeds = new Map<NodeName | null, Map<string, Lead[]>>()
  /** Each is the same one in the heap of its node and in that of all: one of the two may be a little out of order. */
  readonly #known = new Map<AttemptId, Lead>()
  #looks = 0

  constructor(state: RunView, roomsFor: RoomsFor) {
    this.#state = state
    this.#roomsFor = roomsFor
  }

  /** Whether items of the task may follow at all. */
  areFor(definition: TaskDefinition): boolean {
    return this.#typicalSeconds(definition) !== null
  }

  /** The attempt that the next item of this task should follow, on this node if it is bound to one; null: none has room. */
  leadFor(definition: TaskDefinition, node: NodeName | null): AttemptId | null {
    const typical = this.#typicalSeconds(definition)
    if (typical === null) return null
    const leads = this.#leadsOn(node)?.get(needsOf(definition))
    const lead = leads && pop(leads, leastAhead)
    if (leads === undefined || lead === undefined) return null
    const fits = lead.followers === 0 || lead.aheadSeconds + typical <= AHEAD_SECONDS
    if (!fits || lead.followers >= MOST_AHEAD) return null
    lead.followers += 1
    lead.aheadSeconds += typical
    push(leads, lead, leastAhead)
    return lead.attempt
  }

  /** null: enough was looked at. */
  #leadsOn(node: NodeName | null): Map<string, Lead[]> | null {
    const known = this.#byNeeds.get(node)
    if (known !== undefined) return known
    const rooms = this.#roomsFor(node)
    if (node !== null) {
      if (this.#looks >= MOST_LOOKS) return null
      for (const { load } of rooms) this.#looks += load.attempts.size
    }
    const byNeeds = this.#leads(rooms)
    this.#byNeeds.set(node, byNeeds)
    return byNeeds
  }

  #leads(rooms: readonly Room[]): Map<string, Lead[]> {
    const byNeeds = new Map<string, Lead[]>()
    let count = 0
    for (const room of rooms) {
      if (this.#state.nodes.get(room.node)?.yieldMode !== 'kernel' || room.availableMemory <= 0) continue
      for (const running of room.load.attempts.values()) {
        if (this.#enter(byNeeds, room, running)) count += 1
        if (count === MOST_LEADS) return byNeeds
      }
    }
    return byNeeds
  }

  /** false: it takes nothing. */
  #enter(byNeeds: Map<string, Lead[]>, room: Room, running: View<RunningAttempt>): boolean {
    const { definition, attempt, suspendedSince, item, placement } = running
    if (definition === null || this.#typicalSeconds(definition) === null) return false
    const ends = this.#state.terminating.has(attempt) || suspendedSince !== null
    if (ends || this.#state.alone.has(item)) return false
    // What waits behind an attempt that the application keeps from running would wait with it.
    if (placement.cores.some(core => ((room.levels[core] ?? BUSY) & ~HELD) === BUSY)) return false
    const following = this.#state.following.get(attempt)
    if (following !== undefined && following.expectedSeconds >= AHEAD_SECONDS) return false
    const key = needsOf(definition)
    const leads = byNeeds.get(key) ?? []
    byNeeds.set(key, leads)
    const lead = this.#known.get(attempt) ?? {
      attempt,
      followers: following?.items.length ?? 0,
      aheadSeconds: following?.expectedSeconds ?? 0,
    }
    this.#known.set(attempt, lead)
    push(leads, lead, leastAhead)
    return true
  }

  /** null: not short, not known, or limited in a way that a follower would not keep to. */
  #typicalSeconds({
    name,
    ioBound,
    networkBound,
    mpi,
    diskLimitBytes = null,
  }: TaskDefinition): number | null {
    if (ioBound || networkBound || mpi != null || diskLimitBytes !== null) return null
    const typical = this.#state.tasks.get(name)?.typicalSeconds ?? null
    return typical !== null && typical <= LONGEST_SECONDS ? typical : null
  }
}

function leastAhead(a: Lead, b: Lead): boolean {
  if (a.followers === 0 || b.followers === 0) return a.followers < b.followers
  return a.aheadSeconds < b.aheadSeconds
}

function needsOf({ cpus, gpus = 0, memoryBytes }: TaskDefinition): string {
  return `${cpus}/${gpus}/${memoryBytes}`
}
