import type { MpiNeeds, TaskDefinition } from '../model.ts'
import { lackOf, neededIn } from './fitting.ts'
import type { Room } from './room.ts'

/** What an item gets of one node: `definition` is its task's, with the cores that it needs there. */
export interface Part {
  readonly room: Room
  readonly definition: TaskDefinition
}

/** Rooms that together have what an item of an MPI task needs, all of it at this moment; null: they have not. */
export function partsFor(
  definition: TaskDefinition,
  needs: MpiNeeds,
  rooms: readonly Room[],
  now: number,
): readonly Part[] | null {
  if (needs.nodes !== null) return equalParts(definition, needs, rooms, now)
  // Idle cores first: shared ones only when those do not suffice.
  const idle = fewestParts(definition, needs, rooms, { now, shares: false })
  return idle ?? fewestParts(definition, needs, rooms, { now, shares: true })
}

/** The tightest nodes, those with enough idle cores before any on which cores have to be shared. */
function equalParts(
  definition: TaskDefinition,
  needs: MpiNeeds,
  rooms: readonly Room[],
  now: number,
): readonly Part[] | null {
  const fitting = rooms.filter(
    room => lackOf(room, definition, now) === null && neededIn(room, definition) >= needs.cpusPerRank,
  )
  if (fitting.length < wantsOf(needs, rooms)) return null
  const shares = (room: Room) => Number(neededIn(room, definition) > room.idle)
  fitting.sort((a, b) => shares(a) - shares(b) || a.idle + a.shared - (b.idle + b.shared))
  const taken = needs.nodes === 'any' ? fitting.length : wantsOf(needs, rooms)
  return fitting.slice(0, taken).map(room => ({ room, definition }))
}

interface FewestOptions {
  readonly now: number
  readonly shares: boolean
}

/** The largest rooms first, until the rest fits one: of those that would do, the tightest. */
function fewestParts(
  definition: TaskDefinition,
  { ranks, cpusPerRank }: MpiNeeds,
  rooms: readonly Room[],
  { now, shares }: FewestOptions,
): readonly Part[] | null {
  const withCores = (count: number) => ({ ...definition, cpus: count * cpusPerRank })
  const slots = rooms
    .map(room => ({ room, most: mostRanks(room, room.idle + (shares ? room.shared : 0)) }))
    .filter(({ most }) => most > 0)
    .sort((a, b) => b.most - a.most)
  const parts: Part[] = []
  for (let left = ranks; left > 0; ) {
    const at = Math.max(
      0,
      slots.findLastIndex(({ most }) => most >= left),
    )
    const [slot] = slots.splice(at, 1)
    if (slot === undefined) return null
    const taken = Math.min(left, slot.most)
    parts.push({ room: slot.room, definition: withCores(taken) })
    left -= taken
  }
  return parts

  /** What is kept for others leaves less than what is free. */
  function mostRanks(room: Room, free: number): number {
    let most = Math.min(ranks, Math.floor(free / cpusPerRank))
    while (most > 0 && lackOf(room, withCores(most), now) !== null) most -= 1
    return most
  }
}

/** Nodes that have enough free cores for their share of an item; where the shares may differ, ranks for which there are. */
export function haveCores(definition: TaskDefinition, needs: MpiNeeds, rooms: readonly Room[]): number {
  const freeIn = (room: Room) => Math.min(room.idle + room.shared, room.allowed)
  if (needs.nodes !== null) return rooms.filter(room => freeIn(room) >= neededIn(room, definition)).length
  return rooms.map(freeIn).reduce((sum, cores) => sum + Math.floor(Math.max(0, cores) / needs.cpusPerRank), 0)
}

/** How many of those an item needs. */
export function wantsOf({ nodes, ranks }: MpiNeeds, rooms: readonly Room[]): number {
  if (nodes === 'any') return 1
  return nodes === 'all' ? Math.max(1, rooms.length) : (nodes ?? ranks)
}
