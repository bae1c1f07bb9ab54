import type { PageBlock, PageData, PageRow } from '../page/page-data.ts'
import { type Chart, createChart, GRID, type Told, timeOption } from './chart.ts'
import { type Place, painted } from './painting.ts'
import { binAt, binText, clockText, shareText } from './texts.ts'
import { colour } from './theme.ts'

const MOST_HEIGHT = 1300
const LEAST_LINE = 9
const MOST_LINE = 30
/** Told of one place; more are counted. */
const MOST_BLOCKS_TOLD = 4

/** A line for each core, node, or some nodes: use as a heat map, attempts as bars at the foot of the line. */
export function linesChart(data: PageData): Chart {
  const count = Math.max(1, data.rows.length)
  const line = Math.max(LEAST_LINE, Math.min(MOST_LINE, Math.floor(MOST_HEIGHT / count)))
  const blocks = blocksByRow(data)
  return createChart({
    id: 'lines',
    height: Math.max(60, count * line) + GRID.top + GRID.bottom,
    option: () => ({
      ...timeOption(data.start, data.seconds),
      yAxis: {
        type: 'category',
        inverse: true,
        data: data.rows.map(({ name }) => name),
        axisTick: { show: false },
        axisLine: { show: false },
        axisLabel: { color: colour('soft'), fontSize: 12, width: GRID.left - 14, overflow: 'truncate' },
      },
      series: [
        {
          type: 'custom',
          silent: true,
          clip: true,
          data: [[data.start, 0]],
          renderItem: renderer(data, blocks),
        },
      ],
    }),
    tell: (seconds, row) => tell(data, blocks, seconds, Math.round(row)),
  })
}

type Blocks = readonly (readonly PageBlock[])[]

function blocksByRow({ rows, blocks }: PageData): Blocks {
  const byRow: PageBlock[][] = rows.map(() => [])
  for (const block of blocks) byRow[block[0]]?.push(block)
  return byRow
}

interface Coordinates {
  coord(point: readonly [number, number]): number[]
  size(sizes: readonly [number, number]): number[]
}

/** All lines are one image, painted for the part of the time that is shown: as fast with ten cells as with 100,000. */
function renderer(data: PageData, blocks: Blocks) {
  return ({ coordSys }: { coordSys: Place }, api: Coordinates) => {
    const [zero = 0, first = 0] = api.coord([data.start, 0])
    const [end = 0] = api.coord([data.start + data.seconds * 1000, 0])
    const [, height = 0] = api.size([0, 1])
    const image = painted(data, blocks, {
      place: coordSys,
      pixelOf: seconds => zero + ((end - zero) * seconds) / data.seconds - coordSys.x,
      topOf: row => first - coordSys.y + (row - 0.5) * height,
      height,
    })
    const { x, y, width, height: all } = coordSys
    return { type: 'image', silent: true, style: { image, x, y, width, height: all } }
  }
}

function tell(data: PageData, blocks: Blocks, seconds: number, row: number): Told | null {
  const line = data.rows[row]
  if (line === undefined) return null
  const bin = binAt(data, seconds)
  // A bar that is thinner than a pixel is found nearby.
  const near = data.seconds / 1000
  const here = (blocks[row] ?? []).filter(([, , from, to]) => from - near <= seconds && seconds <= to + near)
  const more = here.length - MOST_BLOCKS_TOLD
  return {
    title: `${line.name}, ${binText(data, bin)}`,
    entries: [
      ...entriesOfUse(line, bin),
      ...here.slice(0, MOST_BLOCKS_TOLD).map(block => blockEntry(data, block)),
      ...(more > 0 ? [['and more', String(more)] as const] : []),
    ],
  }
}

function entriesOfUse(
  { used, max, held, parts, cores }: PageRow,
  bin: number,
): (readonly [string, string])[] {
  if (used[bin] == null) return [['use', 'not measured']]
  const most = max[bin] === used[bin] ? '' : `, at most ${shareText(max[bin])}`
  const of = cores === 1 ? '' : ` of ${cores} cores`
  return [
    ['used', `${shareText(used[bin])}${of}${most}`],
    ...(held === null ? [] : [['held by attempts', shareText(held[bin])] as const]),
    ...(parts === null
      ? []
      : ([
          ['application', shareText(parts.app[bin])],
          ['tasks', shareText(parts.tasks[bin])],
          ['odop', shareText(parts.odop[bin])],
        ] as const)),
  ]
}

function blockEntry(data: PageData, block: PageBlock): readonly [string, string] {
  const [, , from, to, task, attempts, failed, name, state, progress] = block
  const when = `${clockText(data, from)} – ${clockText(data, to)}`
  const said = progress === '' ? '' : `, last progress ${progress}`
  if (name !== '') return [name, `${state}, ${when}${said}`]
  const bad = failed === 0 ? '' : `, ${failed} failed`
  return [`${attempts} of ${data.tasks[task] ?? ''}`, `${when}${bad}`]
}
