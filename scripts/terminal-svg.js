// A terminal's screen as a picture: what programs wrote, with the codes for styles, becomes SVG.

/** Of a dark terminal; the first eight are also those of 90-97. */
const COLOURS = ['#6b7280', '#f87171', '#4ade80', '#facc15', '#60a5fa', '#e879f9', '#22d3ee', '#e5e7eb']
const BACKGROUND = '#111827'
const FOREGROUND = '#e5e7eb'
const CELL = { width: 8.4, height: 18 }
const MARGIN = 16
const BAR = 30
/** A code with its parameters and its kind, another code, or a letter. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a terminal is told with
const TOKEN = /\x1b\[([\d;?]*)([A-Za-z])|\x1b\][^\x07]*\x07|\x1b.|./gsu

/**
 * @param text what was written to the terminal
 * @param title shown in the window's bar
 * @param columns the terminal's width
 */
export function terminalSvg(text, { title, columns }) {
  const rows = readScreen(text)
  const width = Math.ceil(columns * CELL.width + 2 * MARGIN)
  const height = BAR + rows.length * CELL.height + MARGIN
  const lines = rows.map((cells, row) => rowSvg(cells, BAR + (row + 1) * CELL.height - 5)).filter(Boolean)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">
<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>
<circle cx="18" cy="15" r="5" fill="#f87171"/><circle cx="36" cy="15" r="5" fill="#facc15"/><circle cx="54" cy="15" r="5" fill="#4ade80"/>
<g font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="${FOREGROUND}">
<text x="${width / 2}" y="20" text-anchor="middle" fill="#9ca3af">${escaped(title)}</text>
${lines.join('\n')}
</g>
</svg>
`
}

/** Rows of cells `{ letter, style }`: line feeds, carriage returns, and the codes that style or clear a line count. */
export function readScreen(text) {
  const rows = [[]]
  let column = 0
  let style = {}
  for (const [token, parameters, final] of text.matchAll(TOKEN)) {
    const row = rows.at(-1)
    if (final === 'm') style = styleAfter(style, parameters)
    else if (final === 'K') row.length = Math.min(row.length, column)
    else if (token === '\n') rows.push([])
    else if (token === '\r') column = 0
    else if (token >= ' ' && !token.startsWith('\x1b')) {
      while (row.length < column) row.push({ letter: ' ', style: {} })
      row[column++] = { letter: token, style }
    }
    if (token === '\n') column = 0
  }
  while (rows.length > 1 && rows.at(-1).length === 0) rows.pop()
  return rows
}

function styleAfter(style, parameters) {
  let after = style
  for (const code of (parameters || '0').split(';').map(Number)) {
    if (code === 0) after = {}
    else if (code === 1) after = { ...after, bold: true }
    else if (code === 2) after = { ...after, dim: true }
    else if (code === 22) after = { ...after, bold: false, dim: false }
    else if (code === 39) after = { ...after, colour: undefined }
    else if ((code >= 30 && code < 38) || (code >= 90 && code < 98))
      after = { ...after, colour: COLOURS[code % 10] }
  }
  return after
}

/** Neighbours of one style are one text; its length is given, so that columns stay in line in every font. */
function rowSvg(cells, y) {
  const runs = []
  for (const [column, { letter, style }] of cells.entries()) {
    const last = runs.at(-1)
    if (last !== undefined && last.style === style) last.text += letter
    else runs.push({ column, style, text: letter })
  }
  return runs
    .flatMap(words)
    .map(run => textSvg(run, y))
    .join('')
}

/** Browsers make one space of several: what they part gets places of its own. */
function words({ column, style, text }) {
  return [...text.matchAll(/\S+(?: \S+)*/g)].map(match => ({
    column: column + match.index,
    style,
    text: match[0],
  }))
}

function textSvg({ column, style, text }, y) {
  const attributes = [
    `x="${round(MARGIN + column * CELL.width)}"`,
    `y="${y}"`,
    `textLength="${round(text.length * CELL.width)}"`,
    ...(style.colour ? [`fill="${style.colour}"`] : []),
    ...(style.bold ? ['font-weight="bold"'] : []),
    ...(style.dim ? ['opacity="0.65"'] : []),
  ]
  return `<text ${attributes.join(' ')}>${escaped(text)}</text>`
}

function round(value) {
  return Math.round(value * 10) / 10
}

function escaped(text) {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
