import type { Action } from '../actions.ts'
import type { AttemptId, CoreId, CoreState, NodeFacts, NodeSnapshot, Snapshot } from '../model.ts'
import type { RunningAttempt, RunView, View } from '../run-state.ts'
import type { Room } from './room.ts'

/** Time for the kernel, which may move the application away again by itself: that disturbs nothing. */
const MOVE_AFTER_SECONDS = 0.5
/** An application that changes its cores all the time must not drag attempts along. */
const REST_SECONDS = 2

export type Move = Extract<Action, { type: 'move' }>

export interface MoveOptions {
  readonly state: RunView
  readonly snapshot: Snapshot
  readonly now: number
  /** Attempts about which something else has been decided. */
  readonly except: ReadonlySet<AttemptId>
  /** Asked for only when there is somebody to move; what moves take of them is not given to anybody else. */
  readonly rooms: () => readonly Room[]
}

/**
 * Attempts follow the application: where it has taken cores of an attempt for some time, the attempt goes on with idle
 * ones of the same node. Those of its cores that it still has it keeps.
 */
export function planMoves(options: MoveOptions): Move[] {
  const { state, snapshot } = options
  const moves: Move[] = []
  let roomOf: ReadonlyMap<string, Room> | null = null
  for (const look of snapshot.nodes) {
    const attempts = state.loads.get(look.node)?.attempts
    const taken = attempts === undefined || attempts.size === 0 ? null : takenCores(look)
    if (attempts === undefined || taken === null) continue
    for (const running of attempts.values()) {
      if (!running.placement.cores.some(core => taken.has(core)) || !mayMove(running, options)) continue
      roomOf ??= new Map(options.rooms().map(room => [room.node, room]))
      const room = roomOf.get(look.node)
      const move = room === undefined ? null : moveOf(running, taken, room)
      if (move !== null) moves.push(move)
    }
  }
  return moves
}

/** Looks that show the same cores share them: what thousands of nodes have to say of them changes seldom. */
const known = new WeakMap<readonly CoreState[], ReadonlySet<CoreId> | null>()

/** null: none. */
function takenCores({ cores }: NodeSnapshot): ReadonlySet<CoreId> | null {
  const before = known.get(cores)
  if (before !== undefined) return before
  const taken = takenOf(cores)
  known.set(cores, taken)
  return taken
}

function takenOf(cores: readonly CoreState[]): ReadonlySet<CoreId> | null {
  let taken: Set<CoreId> | null = null
  for (const { core, busySeconds = 0 } of cores) {
    if (busySeconds < MOVE_AFTER_SECONDS) continue
    taken ??= new Set()
    taken.add(core)
  }
  return taken
}

function mayMove(running: View<RunningAttempt>, { state, now, except }: MoveOptions): boolean {
  const { attempt, definition, movedAt, placement, suspendedSince } = running
  if (except.has(attempt) || state.terminating.has(attempt)) return false
  // Its ranks are in nobody's tree here.
  if (definition?.mpi != null || placement.others !== undefined) return false
  // What follows it in its runner was promised these cores, and is over soon.
  if (state.following.has(attempt)) return false
  if (movedAt !== null && now - movedAt < REST_SECONDS * 1000) return false
  return isHeldUp(state.nodes.get(placement.node), suspendedSince !== null)
}

/**
 * By what yields there: where attempts are suspended for the application, one that runs is not in its way. In sessions of their own
 * they may be either.
 */
function isHeldUp(node: View<NodeFacts> | undefined, suspended: boolean): boolean {
  if (node?.yieldMode === 'suspend') return suspended
  return node?.ownSessions === true || !suspended
}

function moveOf(
  { attempt, placement }: View<RunningAttempt>,
  taken: ReadonlySet<CoreId>,
  room: Room,
): Move | null {
  const lost = placement.cores.filter(core => taken.has(core))
  const left = placement.cores.filter(core => !taken.has(core))
  const near = left[0] ?? lost[0]
  if (near === undefined || lost.length === 0 || lost.length > room.idle) return null
  // Its memory is there.
  const found = room.takeIdleNear(room.domainOf(near), lost.length)
  const cores = [...left, ...found].sort((a, b) => a - b)
  return { type: 'move', attempt, placement: { ...placement, cores } }
}
