import { printable } from '../printable.ts'

export type Cell = string | number | null

/** A line of comma-separated values as RFC 4180 has it; null is empty. Texts are one line and nothing in them is a terminal's command. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(cellText).join(',')}\n`
}

function cellText(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'number') return String(cell)
  const text = printable(cell)
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
