import { stringWidth, truncate } from './string-width.ts'

/** How a view is written: columns of the terminal, and whether it shows colours. */
export interface TextOptions {
  /** Columns; 80 for a file. Less than 20 is taken as 20. */
  readonly width: number
  readonly colour: boolean
}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

/** A piece of a line; the text holds no control characters (see `printable`). */
export type Piece = string | { readonly text: string; readonly style: Style }

export type Line = readonly Piece[]

export function styled(style: Style, text: string): Piece {
  return { text, style }
}

/** The width that views lay out for. */
export function usableWidth(options: TextOptions): number {
  return Math.max(20, Math.floor(options.width) || 80)
}

/** One string, each line ended by a newline; nothing runs over the width. */
export function renderLines(lines: readonly Line[], options: TextOptions): string {
  const width = usableWidth(options)
  return lines.map(line => `${rendered(line, width, options.colour)}\n`).join('')
}

/** The terminal's codes are added after cutting, so that they never count as columns or are cut in two. */
function rendered(line: Line, width: number, colour: boolean): string {
  let room = width
  let out = ''
  for (const piece of line) {
    const text = truncate(textOf(piece), room)
    room -= stringWidth(text)
    out +=
      colour && typeof piece !== 'string' && text !== '' ? `\x1b[${codes[piece.style]}m${text}\x1b[0m` : text
    if (room <= 0) break
  }
  return colour ? out : out.trimEnd()
}

function textOf(piece: Piece): string {
  return typeof piece === 'string' ? piece : piece.text
}

const codes: Readonly<Record<Style, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 }
