import type { MpiNeeds, TaskDefinition } from '../model.ts'
import { coresOn } from '../placement.ts'
import type { RunningAttempt, View } from '../run-state.ts'
import { gpusNeededIn, type Lack, lackOf, neededIn } from './fitting.ts'
import { BUSY, HELD } from './levels.ts'
import { wantsOf } from './ranks.ts'
import type { Kept, Room } from './room.ts'

/** Looking at more nodes than this for one item costs more than an earlier start is worth. */
const MOST_NODES = 32

/**
 * Keeps room on a node for an item that has waited long at the head of the queue, as EASY backfill does: others may
 * start there only if they are over by the time at which the item can start, or use what it leaves.
 *
 * The node is the one on which it can start first. The choice does not wander from call to call: what may still start
 * on a kept node never makes that time later, and between equals the first one stays the first.
 *
 * @param rooms in which the item may start
 * @returns whether room is kept
 */
export function keepRoomFor(definition: TaskDefinition, rooms: readonly Room[], now: number): boolean {
  if (definition.mpi != null) return keepRoomsFor(definition, definition.mpi, { rooms, now })
  let best: { readonly room: Room; readonly kept: Kept; readonly startsBy: number } | null = null
  let candidates = 0
  for (const room of rooms) {
    if (room.kept !== null || !curedByWaiting(lackOf(room, definition, now))) continue
    if (!couldHold(room, definition)) continue
    const reservation = reservationAt(room, definition, now)
    if (best === null || reservation.startsBy < best.startsBy) best = { room, ...reservation }
    candidates += 1
    if (candidates === MOST_NODES) break
  }
  if (best === null) return false
  best.room.kept = best.kept
  return true
}

interface KeepOptions {
  readonly rooms: readonly Room[]
  readonly now: number
}

/** The same on as many nodes as an item of an MPI task needs; those that have room already are kept first. */
function keepRoomsFor(definition: TaskDefinition, needs: MpiNeeds, { rooms, now }: KeepOptions): boolean {
  const wants = (room: Room) => ({ ...definition, cpus: coresWanted(room, definition, needs) })
  const candidates = rooms.flatMap(room => {
    const wanted = wants(room)
    const lack = lackOf(room, wanted, now)
    if (wanted.cpus === 0 || !(lack === null || curedByWaiting(lack))) return []
    return couldHold(room, wanted) ? [{ room, cpus: wanted.cpus, ...reservationAt(room, wanted, now) }] : []
  })
  // Stable: between equals the first ones stay the first.
  candidates.sort((a, b) => (a.startsBy === b.startsBy ? 0 : a.startsBy - b.startsBy))
  let left = wantsOf(needs, rooms)
  const chosen = candidates.filter(({ cpus }) => {
    if (left <= 0) return false
    left -= needs.nodes === null ? cpus / needs.cpusPerRank : 1
    return true
  })
  // In vain: there are too few that could ever have it at the same time.
  if (left > 0) return false
  const startsBy = Math.max(...chosen.map(each => each.startsBy))
  const until = startsBy < Number.POSITIVE_INFINITY ? startsBy : null
  for (const { room, kept } of chosen) room.kept = { ...kept, until }
  return true
}

/** Where the nodes may have different numbers of ranks: as many as the application leaves cores for. */
function coresWanted(
  room: Room,
  definition: TaskDefinition,
  { nodes, ranks, cpusPerRank }: MpiNeeds,
): number {
  if (nodes !== null) return neededIn(room, definition)
  const left = room.layout.usable.filter(core => isLeftByApplication(room, core)).length
  return cpusPerRank * Math.min(ranks, Math.floor(Math.min(left, room.maxCpus ?? left) / cpusPerRank))
}

/** `ioBound` and `networkBound` wait for one attempt only, for which no core has to stay free. */
function curedByWaiting(lack: Lack | null): boolean {
  return lack === 'cores' || lack === 'memory' || lack === 'maxCpus' || lack === 'gpus'
}

/**
 * Whether the item would fit if no attempt ran here. While the application itself uses what the item needs, nothing is
 * kept: idle cores would stay idle for nothing.
 */
function couldHold(room: Room, definition: TaskDefinition): boolean {
  const cores = room.layout.usable.filter(core => isLeftByApplication(room, core)).length
  if (neededIn(room, definition) > cores) return false
  const gpus = room.look.gpus?.filter(({ judged }) => judged === 'idle').length ?? 0
  if (gpusNeededIn(room, definition) > gpus) return false
  const usedByAttempts = room.look.attempts.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0)
  return (definition.memoryBytes ?? 0) <= room.availableMemory + usedByAttempts
}

function isLeftByApplication(room: Room, core: number): boolean {
  return ((room.levels[core] ?? BUSY) & ~HELD) !== BUSY
}

/**
 * What is free now, and the attempts that are over first until that is enough; what is then too much is spare. An
 * attempt without a time limit is over at a time that nobody knows: the oldest of them is taken to be the first.
 */
function reservationAt(
  room: Room,
  definition: TaskDefinition,
  now: number,
): { kept: Kept; startsBy: number } {
  const neededCores = neededIn(room, definition)
  const neededMemory = definition.memoryBytes ?? 0
  const neededGpus = gpusNeededIn(room, definition)
  let gpus = neededGpus === 0 ? 0 : room.freeGpus.length
  let cores = Math.min(room.idle + room.shared, room.allowed)
  let memory = room.memory
  let startsBy = now
  for (const { attempt, end } of byEnd(room)) {
    if (cores >= neededCores && memory >= neededMemory && gpus >= neededGpus) break
    cores += coresOn(attempt.placement, room.node).filter(core => isLeftByApplication(room, core)).length
    memory += attempt.reservedMemoryBytes
    gpus += attempt.placement.gpus?.length ?? 0
    startsBy = Math.max(startsBy, end)
  }
  // What starts in this very call is not among the attempts yet: the next call knows better.
  const enough = cores >= neededCores && memory >= neededMemory && gpus >= neededGpus
  return {
    startsBy: enough ? startsBy : Number.POSITIVE_INFINITY,
    kept: {
      task: definition.name,
      until: enough && startsBy < Number.POSITIVE_INFINITY ? startsBy : null,
      spareCores: enough ? cores - neededCores : 0,
      spareMemory: enough ? memory - neededMemory : 0,
      // A task that needs none leaves all.
      spareGpus: neededGpus === 0 ? Number.POSITIVE_INFINITY : enough ? gpus - neededGpus : 0,
    },
  }
}

function byEnd(room: Room): { readonly attempt: View<RunningAttempt>; readonly end: number }[] {
  const attempts = [...room.load.attempts.values()].map(attempt => ({ attempt, end: latestEnd(attempt) }))
  return attempts.sort((a, b) =>
    a.end === b.end ? a.attempt.startedAt - b.attempt.startedAt : a.end - b.end,
  )
}

/** When its time limit ends an attempt, if it is not suspended (again); it may well be over before. */
function latestEnd({ definition, startedAt, suspendedSeconds }: View<RunningAttempt>): number {
  const limit = definition?.timeSeconds ?? null
  return limit === null ? Number.POSITIVE_INFINITY : startedAt + (suspendedSeconds + limit) * 1000
}
