import { type Line, type Style, styled } from './lines.ts'

/** A part of a bar: its mark tells it from its neighbours where there is no colour. */
export interface BarPart {
  readonly amount: number
  readonly mark: string
  readonly style: Style
}

/** `[####==o....]`: parts in proportion to the whole, the rest as `.`; exactly `width` columns. */
export function barLine(parts: readonly BarPart[], whole: number, width: number): Line {
  const cells = Math.max(1, width - 2)
  const ends = cellEnds(parts, whole, cells)
  const filled = parts.map((part, at) =>
    styled(part.style, part.mark.repeat((ends[at] ?? 0) - (ends[at - 1] ?? 0))),
  )
  return ['[', ...filled, styled('dim', '.'.repeat(cells - (ends.at(-1) ?? 0))), ']']
}

/** Rounding where parts end, not how long they are, keeps the sum right. */
function cellEnds(parts: readonly BarPart[], whole: number, cells: number): readonly number[] {
  let sum = 0
  return parts.map(part => {
    sum += part.amount
    return whole > 0 ? Math.min(cells, Math.round((sum / whole) * cells)) : 0
  })
}
