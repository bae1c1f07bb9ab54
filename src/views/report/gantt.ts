import type { TaskName } from '../../core/model.ts'
import { partsOf } from '../../core/placement.ts'
import type { Rows } from './rows.ts'
import { type LoggedAttempt, placementsOf } from './run-log.ts'

/** A bar over the timeline: an attempt on a row, or several of a task that follow each other closely. */
export interface Block {
  readonly row: number
  /** Where blocks of a row overlap they have lanes of their own, as far as there is room. */
  lane: number
  readonly from: number
  to: number
  readonly task: TaskName
  /** null: several are drawn as one. */
  attempt: LoggedAttempt | null
  attempts: number
  /** Of these, failed or out of time. */
  failed: number
}

export interface Gantt {
  readonly blocks: readonly Block[]
  /** Lanes of the row that has most. */
  readonly lanes: number
  /** All attempts of the launch, and how many of them have a bar of their own on every row where they ran. */
  readonly attempts: number
  readonly single: number
  /** Attempts of a task are drawn as one when less than this lies between them; null: none are. */
  readonly joinedWithinSeconds: number | null
}

export interface GanttOptions {
  readonly rows: Rows
  readonly end: number
  readonly binSeconds: number
}

/** More bars than this make a page large, and nobody tells them apart. */
export const MOST_BLOCKS = 12_000
const MOST_LANES = 3

type Piece = Omit<Block, 'lane' | 'attempts' | 'failed' | 'attempt'> & { readonly attempt: LoggedAttempt }

/** The attempts of the last launch as bars: each its own while they are not too many, then joined over ever wider gaps. */
export function ganttOf(attempts: readonly LoggedAttempt[], options: GanttOptions): Gantt {
  const pieces = attempts
    .flatMap(attempt => piecesOf(attempt, options))
    .sort((a, b) => a.row - b.row || a.from - b.from)
  let gapSeconds: number | null = null
  let blocks = pieces.map(blockOf)
  while (blocks.length > MOST_BLOCKS) {
    gapSeconds = gapSeconds === null ? options.binSeconds : gapSeconds * 2
    blocks = joined(pieces, gapSeconds * 1000)
  }
  const inSeveral = new Set(pieces.map(({ attempt }) => attempt))
  if (gapSeconds === null) inSeveral.clear()
  else for (const { attempt } of blocks) if (attempt !== null) inSeveral.delete(attempt)
  return {
    blocks,
    lanes: setLanes(blocks),
    attempts: attempts.length,
    single: attempts.length - inSeveral.size,
    joinedWithinSeconds: gapSeconds,
  }
}

/** One for each row on which it has cores; for each stay where it moved. */
function piecesOf(attempt: LoggedAttempt, { rows, end }: GanttOptions): Piece[] {
  return placementsOf(attempt, end).flatMap(({ from, to, placement }) => {
    const numbers = partsOf(placement).flatMap(({ node, cores }) => cores.map(core => rows.rowOf(node, core)))
    return [...new Set(numbers)]
      .filter(row => row >= 0)
      .map(row => ({ row, from, to, task: attempt.task, attempt }))
  })
}

function blockOf(piece: Piece): Block {
  const failed = piece.attempt.state === 'failed' || piece.attempt.state === 'timeout' ? 1 : 0
  return { ...piece, lane: 0, attempts: 1, failed }
}

/** The pieces are in order of row and time. */
function joined(pieces: readonly Piece[], gapMilliseconds: number): Block[] {
  const blocks: Block[] = []
  const last = new Map<TaskName, Block>()
  for (const piece of pieces) {
    const before = last.get(piece.task)
    const block = blockOf(piece)
    if (before === undefined || before.row !== piece.row || piece.from - before.to > gapMilliseconds) {
      blocks.push(block)
      last.set(piece.task, block)
      continue
    }
    // Another stay of the same attempt is no further attempt.
    if (before.attempt !== piece.attempt) {
      before.attempt = null
      before.attempts += 1
      before.failed += block.failed
    }
    before.to = Math.max(before.to, block.to)
  }
  return blocks
}

/** The blocks of a row are in order of time, or nearly so. */
function setLanes(blocks: readonly Block[]): number {
  let lanes = 0
  let row = -1
  let ends: number[] = []
  for (const block of blocks) {
    if (block.row !== row) ends = []
    row = block.row
    const free = ends.findIndex(end => end <= block.from)
    block.lane = free === -1 ? Math.min(ends.length, MOST_LANES - 1) : free
    ends[block.lane] = Math.max(ends[block.lane] ?? 0, block.to)
    lanes = Math.max(lanes, ends.length)
  }
  return lanes
}
