import type { TaskDefinition } from '../model.ts'
import { type Lack, lackOf, neededIn } from './fitting.ts'
import { haveCores, type Part, partsFor, wantsOf } from './ranks.ts'
import type { Room } from './room.ts'
import type { Turns } from './turns.ts'

/**
 * What tasks with the same needs share within one call: where the last item went, or that nothing more fits. As rooms
 * only shrink within a call, neither is looked for again before it has changed.
 */
export interface Shape {
  readonly definition: TaskDefinition
  /** Nodes that had room at the first look, the tightest first; null: not looked for yet. */
  candidates: readonly Room[] | null
  /** Up to here candidates are used up. */
  at: number
  /** All candidates with enough idle cores are used up, and a second round takes those on which cores are shared. */
  onShared: boolean
  /** What lacks at the nodes, once nothing fits any more. */
  lacks: ReadonlySet<Lack> | null
  /** null: nodes take no turns, the tightest one is next. */
  readonly turns: Turns | null
}

/** Gives the same shape to tasks that need the same, within one call. */
export function shapes(turns: Turns | null = null): (definition: TaskDefinition) => Shape {
  const known = new Map<string, Shape>()
  return definition => {
    const { cpus, gpus, memoryBytes, timeSeconds, ioBound, networkBound, mpi } = definition
    const ranks = mpi == null ? [] : [mpi.nodes, mpi.ranks, mpi.cpusPerRank]
    const key = [cpus, gpus, memoryBytes, timeSeconds, ioBound, networkBound, ...ranks].join()
    const shape = known.get(key) ?? newShape(definition, turns)
    known.set(key, shape)
    return shape
  }
}

/** For what is bound to a node, where there is nothing to look for that others could have found. */
export function newShape(definition: TaskDefinition, turns: Turns | null = null): Shape {
  return { definition, candidates: null, at: 0, onShared: false, lacks: null, turns }
}

/** Where the next item of such a task goes: to one node, unless its ranks need several; null: it does not fit now. */
export function placeFor(shape: Shape, rooms: readonly Room[], now: number): readonly Part[] | null {
  const { definition } = shape
  if (definition.mpi == null) {
    const room = roomFor(shape, rooms, now)
    return room === null ? null : [{ room, definition }]
  }
  if (shape.lacks !== null) return null
  const parts = partsFor(definition, definition.mpi, rooms, now)
  if (parts !== null) return parts
  const lacks = new Set(allLacks(definition, rooms, now))
  // Which of them lack cores is part of how many have them.
  lacks.delete('cores')
  if (haveCores(definition, definition.mpi, rooms) < wantsOf(definition.mpi, rooms)) lacks.add('nodes')
  shape.lacks = lacks
  return null
}

/** @param rooms in which the item may start: always the same ones for a shape */
function roomFor(shape: Shape, rooms: readonly Room[], now: number): Room | null {
  if (shape.lacks !== null) return null
  const { turns, definition } = shape
  const room = turns === null ? tightest(shape, rooms, now) : turns.next(definition, rooms, now)
  if (room === null) shape.lacks = allLacks(definition, rooms, now)
  return room
}

/**
 * The tightest node that has room (best fit), one with enough idle cores before any on which cores have to be
 * shared; null: none. Tasks stay with their node until that is full.
 */
function tightest(shape: Shape, rooms: readonly Room[], now: number): Room | null {
  shape.candidates ??= rooms
    .filter(room => lackOf(room, shape.definition, now) === null)
    .sort((a, b) => a.idle + a.shared - (b.idle + b.shared))
  return nextCandidate(shape, shape.candidates, now)
}

function nextCandidate(shape: Shape, candidates: readonly Room[], now: number): Room | null {
  for (; shape.at < candidates.length; shape.at += 1) {
    const room = candidates[shape.at] as Room
    const usable = shape.onShared || neededIn(room, shape.definition) <= room.idle
    if (usable && lackOf(room, shape.definition, now) === null) return room
  }
  if (shape.onShared) return null
  shape.onShared = true
  shape.at = 0
  return nextCandidate(shape, candidates, now)
}

function allLacks(definition: TaskDefinition, rooms: readonly Room[], now: number): ReadonlySet<Lack> {
  const lacks = new Set<Lack>()
  for (const room of rooms) {
    const lack = lackOf(room, definition, now)
    if (lack !== null) lacks.add(lack)
  }
  return lacks
}
