/**
 * The lower lines of a terminal that somebody else writes to, as control sequences. The terminal's scrolling region keeps what the
 * application writes above them. Each sequence is one write, and leaves cursor and colours as they were.
 */

/** So many lines are taken of a terminal; 0: it is too small. */
export function regionHeight(rows: number): number {
  return rows < LEAST_ROWS ? 0 : Math.min(MOST_LINES, Math.floor(rows / 3))
}

const LEAST_ROWS = 15
const MOST_LINES = 12

/** Makes room below the cursor, scrolling if there is none. */
export function takeLines(rows: number, height: number): string {
  return `${INDEX.repeat(height)}${CSI}${height}A${kept(region(rows - height))}`
}

export function drawLines(lines: readonly string[], rows: number): string {
  const first = rows - lines.length + 1
  const drawn = lines.map((line, at) => `${CSI}${first + at};1H${PLAIN}${CSI}2K${line}`)
  // The application may have set another region, as terminals are reset.
  return kept(`${region(rows - lines.length)}${drawn.join('')}`)
}

export function giveBackLines(rows: number, height: number): string {
  return kept(`${WHOLE_REGION}${CSI}${rows - height + 1};1H${PLAIN}${CSI}J`)
}

/** After a change of the terminal's size nobody knows where the lines have gone: all below the cursor goes. */
export function retakeLines(rows: number, height: number): string {
  return `${kept(WHOLE_REGION)}${CSI}J${height === 0 ? '' : takeLines(rows, height)}`
}

const CSI = '\x1b['
/** Down by one line, in the same column; scrolls at the end. */
const INDEX = '\x1bD'
/** No colours, and letters are letters. */
const PLAIN = `${CSI}0m\x1b(B`
const WHOLE_REGION = `${CSI}r`

function region(rows: number): string {
  return `${CSI}1;${rows}r`
}

/** Setting a region moves the cursor. */
function kept(sequence: string): string {
  return `\x1b7${sequence}\x1b8`
}
