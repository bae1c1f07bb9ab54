import { coresNeeded, gpusNeeded } from '../fit.ts'
import type { TaskDefinition } from '../model.ts'
import type { Kept, Room, Taken } from './room.ts'

/** Why an item of a task does not fit a room now. */
export type Lack =
  | 'ioBound'
  | 'ioPressure'
  | 'networkBound'
  | 'maxCpus'
  | 'heldBack'
  | 'cores'
  | 'gpus'
  /** It has room, but too few others have. */
  | 'nodes'
  | 'memory'
  | 'kept'

export function neededIn(room: Room, definition: TaskDefinition): number {
  return coresNeeded(definition.cpus, room.layout.usable.length, room.maxCpus)
}

/** Nearly always none, and then nothing is looked at. */
export function gpusNeededIn(room: Room, { gpus }: TaskDefinition): number {
  return gpus === undefined ? 0 : gpusNeeded(gpus, room.gpusThere)
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
  const gpus = gpusNeededIn(room, definition)
  if (gpus > 0 && gpus > room.freeGpus.length) return 'gpus'
  if (!memoryFits(room, definition)) return 'memory'
  const { kept } = room
  const wanted = { cores: needed, memory: definition.memoryBytes ?? 0, gpus }
  if (kept !== null && !overBy(kept, definition, now) && !spares(kept, wanted)) return 'kept'
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

interface Wanted {
  readonly cores: number
  readonly memory: number
  readonly gpus: number
}

function spares({ spareCores, spareMemory, spareGpus }: Kept, { cores, memory, gpus }: Wanted): boolean {
  return cores <= spareCores && memory <= spareMemory && gpus <= spareGpus
}

function overBy({ until }: Kept, { timeSeconds }: TaskDefinition, now: number): boolean {
  return until !== null && timeSeconds !== null && now + timeSeconds * 1000 <= until
}

/** Gives cores and GPUs to one item that fits. */
export function takeFrom(room: Room, definition: TaskDefinition, now: number): Taken {
  const count = coresTaken(room, definition, now)
  const gpus = reserve(room, definition, { cores: count, now })
  return { cores: room.takeCores(count), ...gpus }
}

/** The same where it is known which cores they are. */
export function reserve(
  room: Room,
  definition: TaskDefinition,
  { cores, now }: { readonly cores: number; readonly now: number },
): Pick<Taken, 'gpus'> {
  const gpus = gpusNeededIn(room, definition)
  const kept = keptFrom(room, definition, now)
  if (kept !== null) {
    kept.spareCores -= cores
    kept.spareMemory -= definition.memoryBytes ?? 0
    kept.spareGpus -= gpus
  }
  room.allowed -= cores
  if (definition.memoryBytes !== null) room.memory -= definition.memoryBytes
  if (definition.ioBound) room.ioBound += 1
  if (definition.networkBound) room.networkBound += 1
  return gpus === 0 ? {} : { gpus: room.takeGpus(gpus) }
}

function keptFrom({ kept }: Room, definition: TaskDefinition, now: number): Kept | null {
  return kept !== null && !overBy(kept, definition, now) ? kept : null
}

/** `any` takes what is idle; on cores that are shared with the application one has to do. */
function coresTaken(room: Room, definition: TaskDefinition, now: number): number {
  if (definition.cpus !== 'any') return neededIn(room, definition)
  const spare = keptFrom(room, definition, now)?.spareCores ?? room.idle
  return Math.max(1, Math.min(room.idle, room.allowed, spare))
}
