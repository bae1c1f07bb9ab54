import { type Line, type Piece, type Style, styled } from './lines.ts'
import { pad, stringWidth, truncate } from './string-width.ts'

/** One column of a table; the first one holds names, and is always `flexible`. */
export interface Column<Row> {
  readonly head: string
  readonly align: 'left' | 'right'
  /** Its texts may be cut when the table is too wide. */
  readonly flexible?: boolean
  readonly text: (row: Row) => string
  readonly style?: (row: Row) => Style | null
}

/** A flexible column keeps so much of its width; then the table's last column goes. */
const LEAST_WIDTH = 12
const GAP = '  '

/** A head and a line per row, within `width` columns: flexible columns are cut first, then the last columns go. */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number,
): readonly Line[] {
  const shown = fitting(
    columns.map(column => measured(column, rows)),
    width,
  )
  const head = shown.map((cell, at) => styled('dim', aligned(cell.column.head, cell, at, shown.length)))
  return [head, ...rows.map(row => shown.map((cell, at) => rowPiece(row, cell, at, shown.length)))]
}

interface Measured<Row> {
  readonly column: Column<Row>
  readonly width: number
}

function measured<Row>(column: Column<Row>, rows: readonly Row[]): Measured<Row> {
  const widths = rows.map(row => stringWidth(column.text(row)))
  return { column, width: widths.reduce((most, width) => Math.max(most, width), stringWidth(column.head)) }
}

function fitting<Row>(cells: readonly Measured<Row>[], width: number): readonly Measured<Row>[] {
  const over = cells.reduce((sum, cell) => sum + cell.width + GAP.length, -GAP.length) - width
  if (over <= 0) return cells
  const widest = widestFlexible(cells)
  if (widest !== null) {
    const cut = { ...widest, width: Math.max(LEAST_WIDTH, widest.width - over) }
    return fitting(
      cells.map(cell => (cell === widest ? cut : cell)),
      width,
    )
  }
  return cells.length > 1 ? fitting(cells.slice(0, -1), width) : cells.map(cell => ({ ...cell, width }))
}

function widestFlexible<Row>(cells: readonly Measured<Row>[]): Measured<Row> | null {
  const flexible = cells.filter(
    (cell, at) => (at === 0 || cell.column.flexible === true) && cell.width > LEAST_WIDTH,
  )
  return flexible.reduce<Measured<Row> | null>(
    (widest, cell) => (widest === null || cell.width > widest.width ? cell : widest),
    null,
  )
}

function rowPiece<Row>(row: Row, cell: Measured<Row>, at: number, count: number): Piece {
  const style = cell.column.style?.(row) ?? null
  const text = aligned(cell.column.text(row), cell, at, count)
  return style === null ? text : styled(style, text)
}

function aligned<Row>(text: string, cell: Measured<Row>, at: number, count: number): string {
  const cut = truncate(text, cell.width)
  const last = at === count - 1
  const filled = last && cell.column.align === 'left' ? cut : pad(cut, cell.width, cell.column.align)
  return last ? filled : filled + GAP
}
