import type { CoreSeconds } from '../../core/model.ts'
import type { View } from '../../core/state.ts'
import { formatDuration } from '../../core/units.ts'
import { type Line, styled } from '../lines.ts'
import { pad } from '../string-width.ts'
import { type History, type Interval, plus, RECENT_SECONDS } from './history.ts'
import { markPieces } from './marks.ts'
import { isOver, type Scene, type Size } from './scene.ts'

/** All cores over time, the newest on the right: in each column the application below, then tasks, then odop. */
export function historyPane(scene: Scene, { width, height }: Size): Line[] {
  if (height < 2) return []
  const { seconds, columns } = columnsOf(scene.told.history, isOver(scene), width)
  const head =
    columns.length === 0
      ? `measured every ${formatDuration(RECENT_SECONDS)}`
      : `${formatDuration(seconds)} a column: # application  = tasks  o odop  . idle`
  const rows = height - 1
  const stacks = columns.map(use => stackOf(use, rows))
  const lines: Line[] = [[styled('bold', pad('History', 10)), styled('dim', head)]]
  for (let row = 0; row < rows; row += 1) {
    const marks = stacks.map(stack => stack[row] ?? ' ').join('')
    lines.push([' '.repeat(width - marks.length), ...markPieces(marks)])
  }
  return lines
}

interface Columns {
  readonly seconds: number
  readonly columns: readonly CoreSeconds[]
}

/** While a run lives the last minutes count; afterwards all of it. */
function columnsOf({ recent, whole, wholeSeconds }: View<History>, over: boolean, width: number): Columns {
  if (!over) return { seconds: RECENT_SECONDS, columns: recent.slice(-width).map(({ use }) => use) }
  const each = Math.max(1, Math.ceil(whole.length / width))
  return { seconds: wholeSeconds * each, columns: joined(whole, each) }
}

function joined(intervals: readonly View<Interval>[], each: number): CoreSeconds[] {
  const columns: CoreSeconds[] = []
  for (let at = 0; at < intervals.length; at += each) {
    const some = intervals.slice(at, at + each).map(({ use }) => use)
    columns.push(some.reduce(plus))
  }
  return columns
}

/** From above: the marks of a column. */
function stackOf({ total, app, tasks, odop }: CoreSeconds, rows: number): string[] {
  const end = (amount: number) => (total > 0 ? Math.round((amount / total) * rows) : 0)
  const ends = [end(app), end(app + tasks), end(app + tasks + odop)] as const
  return Array.from({ length: rows }, (_, row) => {
    const level = rows - row
    return level <= ends[0] ? '#' : level <= ends[1] ? '=' : level <= ends[2] ? 'o' : '.'
  })
}
