import { coresNeeded } from '../fit.ts'
import type { CoreId, TaskDefinition } from '../model.ts'
import type { Kept, Room } from './room.ts'

/** Why an item of a task does not fit a room now. */
export type Lack =
  | 'ioBound'
  | 'ioPressure'
  | 'networkBound'
  | 'maxCpus'
  | 'heldBack'
  | 'cores'
  /** It has room, but too few others have. */
  | 'nodes'
  | 'memory'
  | 'kept'

export function neededIn(room: Room, definition: TaskDefinition): number {
  return coresNeeded(definition.cpus, room.layout.usable.length, room.maxCpus)
}

/**
 * Why an item does not fit now; null: it fits. What a kept core could not cure comes first, so that nothing is
 * kept in vain.
 */
export function lackOf(room: Room, definition: TaskDefinition, now: number): Lack | null {
  const needed = neededIn(room, definition)
  if (definition.ioBound && room.ioBound >= room.settings.maxIoBound) return 'ioBound'
  if (definition.ioBound && isPressed(room)) return 'ioPressure'
  if (definition.networkBound && room.networkBound >= room.settings.maxNetworkBound) return 'networkBound'
  if (needed > room.allowed) return isHeldBack(room) ? 'heldBack' : 'maxCpus'
  if (needed > room.idle + room.shared) return 'cores'
  if (!memoryFits(room, definition)) return 'memory'
  if (room.kept !== null && !leavesKept(room.kept, definition, needed, now)) return 'kept'
  return null
}

function isHeldBack({ maxCpus, look }: Room): boolean {
  return look.heldBack != null && look.heldBack.allowedCores < (maxCpus ?? Number.POSITIVE_INFINITY)
}

/**
 * Beside an attempt that is ioBound itself pressure says nothing: it may be its own. How many run together is the user's
 * choice then.
 */
function isPressed({ look, ioBound }: Room): boolean {
  return ioBound === 0 && (look.ioPressure ?? 0) >= PRESSED
}

/**
 * Somebody is kept waiting for I/O a fifth of the time: a healthy machine's logs and page faults stay under a few
 * percent, an application that writes a checkpoint or reads its input is over half.
 */
export const PRESSED = 0.2

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

/** Gives cores to one item that fits. */
export function takeFrom(room: Room, definition: TaskDefinition, now: number): CoreId[] {
  reserve(room, definition, now)
  return room.takeCores(neededIn(room, definition))
}

/** The same where it is known which cores they are. */
export function reserve(room: Room, definition: TaskDefinition, now: number): void {
  const needed = neededIn(room, definition)
  if (room.kept !== null && !overBy(room.kept, definition, now)) {
    room.kept.spareCores -= needed
    room.kept.spareMemory -= definition.memoryBytes ?? 0
  }
  room.allowed -= needed
  if (definition.memoryBytes !== null) room.memory -= definition.memoryBytes
  if (definition.ioBound) room.ioBound += 1
  if (definition.networkBound) room.networkBound += 1
}
