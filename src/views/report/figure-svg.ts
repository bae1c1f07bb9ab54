import { cellColour, rgb, taskColour } from './page/colours.ts'
import { type Html, html } from './page/html.ts'
import { pageData } from './page/make-page-data.ts'
import type { PageData, PageRow } from './page/page-data.ts'
import type { Report } from './report.ts'

/** Points of a page: as wide as a text of two columns. */
const WIDTH = 720
const LEFT = 84
const RIGHT = 12
const PLOT = WIDTH - LEFT - RIGHT
const CORES_TOP = 34
const CORES_HEIGHT = 130
const LINES_TOP = CORES_TOP + CORES_HEIGHT + 34
const MOST_LINES_HEIGHT = 560
const MOST_LINE = 16
/** Names of lines are not set closer than this. */
const NAME_HEIGHT = 10

const COLOURS = {
  app: '#3566a8',
  tasks: '#1f9d74',
  odop: '#c97b00',
  idle: '#e6e9ee',
  failed: '#c4283b',
} as const
const USE_COLOURS = {
  app: rgb(COLOURS.app),
  tasks: rgb(COLOURS.tasks),
  odop: rgb(COLOURS.odop),
  idle: rgb(COLOURS.idle),
}

/** A figure for print: the cores over time, and below them every line of the timeline with its attempts. The same run gives the same bytes. */
export function figureSvg(report: Report): string {
  const data = pageData(report)
  const line = Math.min(MOST_LINE, MOST_LINES_HEIGHT / Math.max(1, data.rows.length))
  const bottom = LINES_TOP + line * data.rows.length
  const height = Math.ceil(bottom + 56)
  return html`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="Helvetica, Arial, 'Liberation Sans', sans-serif" font-size="10" fill="#1b1f24" role="img">
<title>${`Use of cores in the run ${report.summary.run}`}</title>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
${legend()}
${coresPanel(data)}
${linesPanel(data, line)}
${timeAxis(data, bottom)}
<text x="${LEFT}" y="${height - 8}" fill="#57606a">${footText(data)}</text>
</svg>
`.markup
}

function legend(): Html[] {
  const entries = [
    ['application', COLOURS.app],
    ['tasks', COLOURS.tasks],
    ['odop', COLOURS.odop],
    ['idle', COLOURS.idle],
    ['failed attempt', COLOURS.failed],
  ] as const
  return entries.map(
    ([name, fill], at) =>
      html`<rect x="${LEFT + at * 92}" y="10" width="10" height="10" fill="${fill}"/><text x="${LEFT + 14 + at * 92}" y="19">${name}</text>\n`,
  )
}

/** Application, tasks and odop one on top of the other, over what was measured. */
function coresPanel(data: PageData): Html {
  const { app, tasks, odop, idle } = data.cores
  const whole = Math.max(1, data.totalCores)
  let below = app.map(() => 0)
  const areas = (
    [
      [app, COLOURS.app],
      [tasks, COLOURS.tasks],
      [odop, COLOURS.odop],
      [idle, COLOURS.idle],
    ] as const
  ).map(([part, fill]) => {
    const above = below.map((base, bin) => base + (part[bin] ?? 0))
    const shape = areaPath(data, below, above, whole)
    below = above
    return html`<path fill="${fill}" d="${shape}"/>\n`
  })
  const ticks = [0, 0.5, 1].map(share => {
    const y = px(CORES_TOP + CORES_HEIGHT * (1 - share))
    return html`<path d="M${LEFT - 4} ${y}h4" stroke="#57606a"/><text x="${LEFT - 7}" y="${y + 3}" text-anchor="end">${Number((whole * share).toFixed(1))}</text>\n`
  })
  const middle = CORES_TOP + CORES_HEIGHT / 2
  return html`${areas}${ticks}<text transform="translate(22 ${middle}) rotate(-90)" text-anchor="middle">cores</text>
<path d="M${LEFT} ${CORES_TOP}v${CORES_HEIGHT}h${PLOT}" fill="none" stroke="#57606a"/>`
}

function areaPath(data: PageData, below: readonly number[], above: readonly number[], whole: number): string {
  const y = (value: number) => px(CORES_TOP + CORES_HEIGHT * (1 - Math.min(1, value / whole)))
  const there = above.map((value, bin) => `${xOf(data, bin)} ${y(value)}H${xOf(data, bin + 1)}`)
  const back = below.map((value, bin) => `V${y(value)}H${xOf(data, bin)}`).reverse()
  return `M${there.join('L')}${back.join('')}Z`
}

function linesPanel(data: PageData, line: number): Html[] {
  const every = Math.ceil(NAME_HEIGHT / line)
  return data.rows.map((row, at) => {
    const top = LINES_TOP + at * line
    const name =
      at % every === 0
        ? html`<text x="${LEFT - 7}" y="${px(top + line / 2 + 3)}" text-anchor="end">${shortened(row.name)}</text>`
        : ''
    return html`${cells(data, row, { top, height: line * 0.6 })}${bars(data, at, { top: top + line * 0.63, height: line * 0.3 })}${name}\n`
  })
}

interface Band {
  readonly top: number
  readonly height: number
}

/** One path for each colour. */
function cells(data: PageData, row: PageRow, { top, height }: Band): Html[] {
  const paths = new Map<string, string>()
  for (let bin = 0; bin < data.bins; ) {
    const fill = cellColour(row, bin, USE_COLOURS)
    const first = bin
    for (bin += 1; bin < data.bins && cellColour(row, bin, USE_COLOURS) === fill; ) bin += 1
    if (fill === null) continue
    const [left, right] = [xOf(data, first), xOf(data, bin)]
    paths.set(fill, `${paths.get(fill) ?? ''}M${left} ${px(top)}H${right}v${px(height)}H${left}z`)
  }
  return [...paths].map(
    ([fill, path]) => html`<path fill="${fill}" d="${path}" shape-rendering="crispEdges"/>`,
  )
}

function bars(data: PageData, row: number, { top, height }: Band): Html[] {
  const tall = height / Math.max(1, data.lanes)
  return data.blocks
    .filter(block => block[0] === row)
    .map(([, lane, from, to, task, , failed]) => {
      const left = px(LEFT + (from / data.seconds) * PLOT)
      const wide = px(Math.max(0.5, ((to - from) / data.seconds) * PLOT - 0.3))
      const fill = failed > 0 ? COLOURS.failed : taskColour(task)
      return html`<rect x="${left}" y="${px(top + lane * tall)}" width="${wide}" height="${px(tall)}" fill="${fill}"/>`
    })
}

function timeAxis({ seconds }: PageData, top: number): Html {
  const [unit, name] = seconds < 300 ? [1, 's'] : seconds < 3 * 3600 ? [60, 'min'] : [3600, 'h']
  const step = tickStep(seconds / unit)
  const ticks = Array.from({ length: Math.floor(seconds / unit / step) + 1 }, (_, at) => {
    const x = px(LEFT + ((at * step * unit) / seconds) * PLOT)
    return html`<path d="M${x} ${top}v4" stroke="#57606a"/><text x="${x}" y="${px(top + 15)}" text-anchor="middle">${Number((at * step).toFixed(2))}</text>`
  })
  return html`<path d="M${LEFT} ${px(top)}h${PLOT}" stroke="#57606a"/>${ticks}<text x="${LEFT + PLOT / 2}" y="${px(top + 28)}" text-anchor="middle">time since the start (${name})</text>`
}

/** About eight steps of 1, 2 or 5 times a power of ten. */
function tickStep(length: number): number {
  const rough = length / 8
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1e-6)))
  return power * ([1, 2, 5, 10].find(factor => factor * power >= rough) ?? 10)
}

function footText({ kind, binSeconds, tasks, rows }: PageData): string {
  const lines = { core: 'a line is a core', node: 'a line is a node', nodes: 'a line is several nodes' }[kind]
  const named = tasks.length === 0 ? 'no attempts' : 'bars are attempts, by task'
  return `${rows.length} lines: ${lines}; ${named}; bins of ${binSeconds} s`
}

function shortened(name: string): string {
  return name.length > 14 ? `${name.slice(0, 13)}…` : name
}

function xOf({ binSeconds, seconds }: PageData, bin: number): number {
  return px(LEFT + (Math.min(seconds, bin * binSeconds) / seconds) * PLOT)
}

/** A hundredth of a point is nothing that prints. */
function px(value: number): number {
  return Number(value.toFixed(2))
}
