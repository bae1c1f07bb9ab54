import { formatDuration, formatSize } from '../../core/units.ts'
import { barLine } from '../bar.ts'
import { type Line, type Piece, styled } from '../lines.ts'
import { commandText, printable } from '../printable.ts'
import { pad, stringWidth, truncate } from '../string-width.ts'
import { coreTimeText, percentText, utcText } from '../units.ts'
import { allot, type Wish } from './allot.ts'
import { eventText } from './event-text.ts'
import { historyPane } from './history-pane.ts'
import { memoryOf } from './memory.ts'
import { nodesHeight, nodesPane } from './nodes-pane.ts'
import { openPanel } from './open-panel.ts'
import { listsOf, matches, type Rows, rowsOf } from './rows.ts'
import { isOver, type Scene, type Size } from './scene.ts'
import { attemptColumns, table, taskColumns } from './tables.ts'
import { type Pane, selectedAt, type Ui } from './ui.ts'

const LABEL = 10

/** The whole dashboard: exactly as many lines as there are, the last one tells the keys. */
export function frame(scene: Scene, ui: Ui, size: Size, now: number): Line[] {
  const rows = rowsOf(scene, ui)
  const body = { width: size.width, height: Math.max(0, size.height - 2) }
  const lines = ui.open === null ? panes(scene, ui, rows, body) : openPanel(scene, ui, rows, { ...body, now })
  const filled = [...lines.slice(0, body.height)]
  while (filled.length < body.height) filled.push([])
  return [titleLine(scene, size.width), ...filled, footLine(scene, ui, size.width)].slice(0, size.height)
}

/** The same without a place for keys, for the lower lines of a terminal that the application writes to. */
export function strip(scene: Scene, ui: Ui, { width, height }: Size): Line[] {
  const lines = panes(scene, ui, rowsOf(scene, ui), { width, height: height - 1 })
  return [[styled('dim', '-- odop: '), ...titleLine(scene, width - 9)], ...lines].slice(0, height)
}

function titleLine(scene: Scene, width: number): Line {
  const { status } = scene
  const { availableCoreSeconds: available, harvestedCoreSeconds: harvested, share } = status.harvest
  const paused = status.pausedSince === null ? [] : [' ', styled('yellow', 'PAUSED')]
  const name = truncate(printable(status.run), Math.max(8, Math.floor(width / 2)))
  const left: Line = [
    styled('bold', name),
    ` ${status.state} ${formatDuration(isOver(scene) ? status.wallSeconds : Math.floor(status.wallSeconds))}`,
    ...paused,
  ]
  const used =
    available === 0 ? '' : `harvested ${coreTimeText(harvested, available)} (${percentText(share)})`
  const short = available === 0 ? '' : `harvested ${percentText(share)}`
  const room = width - widthOf(left) - 2
  const right = stringWidth(used) <= room ? used : stringWidth(short) <= room ? short : ''
  return [...left, ' '.repeat(Math.max(0, room + 2 - stringWidth(right))), right]
}

function widthOf(line: Line): number {
  return line.reduce((sum, piece) => sum + stringWidth(typeof piece === 'string' ? piece : piece.text), 0)
}

/** The parts from above, each with what it would like to have. The order in which they get their least is another one. */
function panes(scene: Scene, ui: Ui, rows: Rows, { width, height }: Size): Line[] {
  const { status } = scene
  const many = height >= 20
  const over = isOver(scene)
  const cores = Math.max(1, Math.floor(height / 4))
  const attempts = over ? 0 : Math.max(2, 1 + rows.attempts.length)
  const wishes: readonly (Part & Wish)[] = [
    { name: 'cores', least: 1, most: height < 12 ? 1 : Math.min(nodesHeight(scene), cores) },
    { name: 'tasks', least: 2, most: 1 + Math.max(1, rows.tasks.length) },
    { name: 'attempts', least: attempts === 0 ? 0 : 2, most: attempts },
    { name: 'memory', least: 1, most: 1 },
    { name: 'command', least: many ? 1 : 0, most: many ? 1 : 0 },
    {
      name: 'history',
      least: height >= 14 ? 4 : 0,
      most: height < 14 ? 0 : Math.max(4, Math.floor(height / 6)),
    },
    { name: 'events', least: height >= 12 ? 3 : 0, most: height >= 12 ? 1 + scene.told.latest.length : 0 },
    {
      name: 'notes',
      least: many && status.notes.length > 0 ? 2 : 0,
      most: many ? Math.min(4, 1 + status.notes.length) : 0,
    },
  ]
  const given = allot(height, wishes)
  const heights = new Map(wishes.map(({ name }, at) => [name, given[at] ?? 0]))
  const sizeOf = (name: PartName): Size => ({ width, height: heights.get(name) ?? 0 })
  return [
    ...(sizeOf('command').height > 0 ? [commandLine(scene, width)] : []),
    ...nodesPane(scene, focusOf(scene, ui, rows, 'nodes'), sizeOf('cores')),
    ...historyPane(scene, sizeOf('history')),
    ...(sizeOf('memory').height > 0 ? [memoryLine(scene, width)] : []),
    ...table({
      ...sizeOf('tasks'),
      columns: taskColumns,
      rows: rows.tasks,
      selected: placeOf(scene, ui, rows, 'tasks'),
      empty: ui.filter === '' ? 'no tasks' : `no task has ${JSON.stringify(ui.filter)} in its name`,
    }),
    ...table({
      ...sizeOf('attempts'),
      columns: attemptColumns(rows.attempts),
      rows: rows.attempts,
      selected: placeOf(scene, ui, rows, 'attempts'),
      empty: 'nothing runs',
    }),
    ...eventLines(scene, ui, sizeOf('events')),
    ...noteLines(scene, sizeOf('notes')),
  ]
}

type PartName = 'cores' | 'tasks' | 'attempts' | 'memory' | 'command' | 'history' | 'events' | 'notes'

interface Part {
  readonly name: PartName
}

function placeOf(scene: Scene, ui: Ui, rows: Rows, pane: Pane): number | null {
  return ui.pane === pane ? selectedAt(ui.selections[pane], listsOf(scene, rows)[pane]) : null
}

function focusOf(scene: Scene, ui: Ui, rows: Rows, pane: Pane): string | null {
  const place = placeOf(scene, ui, rows, pane)
  return place === null ? null : (listsOf(scene, rows)[pane][place] ?? null)
}

function commandLine({ status }: Scene, width: number): Line {
  const { state, pid, code, signal } = status.application
  const ended = signal === null ? `ended with code ${code}` : `ended by ${printable(signal)}`
  const application = state === 'running' ? `pid ${pid}` : state === 'ended' ? ended : state
  const room = width - LABEL - stringWidth(application) - 2
  return [
    styled('bold', pad('Command', LABEL)),
    `${truncate(commandText(status.command), room)}  `,
    styled('dim', application),
  ]
}

const NOTHING_NOW: Scene['memory'] = new Map()

function memoryLine(scene: Scene, width: number): Line {
  const now = isOver(scene) ? NOTHING_NOW : scene.memory
  const { app, tasks, odop, limit, isPeak } = memoryOf(scene.status.nodes, now)
  const label = styled('bold', pad('Memory', LABEL))
  if (app + tasks + odop === 0) return [label, styled('dim', 'not measured yet')]
  const long = `  app ${formatSize(app)}  tasks ${formatSize(tasks)}  odop ${formatSize(odop)}  of ${formatSize(limit)}${isPeak ? ' (peaks)' : ''}`
  const text =
    long.length < width / 2 + 8 ? long : `  ${formatSize(app + tasks + odop)} of ${formatSize(limit)}`
  const parts = [
    { amount: app, mark: '#', style: 'cyan' as const },
    { amount: tasks, mark: '=', style: 'green' as const },
    { amount: odop, mark: 'o', style: 'yellow' as const },
  ]
  return [label, ...barLine(parts, limit, Math.max(3, width - LABEL - text.length)), text]
}

function eventLines({ told }: Scene, { filter }: Ui, { width, height }: Size): Line[] {
  if (height < 2) return []
  const lines: Line[] = []
  for (let at = told.latest.length - 1; at >= 0 && lines.length < height - 1; at -= 1) {
    const event = told.latest[at]
    const told1 = event === undefined ? null : eventText(event)
    if (event === undefined || told1 === null || !matches(filter, told1.text)) continue
    lines.push([
      styled('dim', `${utcText(event.at).slice(11)} `),
      piece(truncate(told1.text, width - 9), told1.style),
    ])
  }
  return [[styled('bold', 'Events'), styled('dim', '    the newest first, UTC')], ...lines]
}

function piece(text: string, style: Parameters<typeof styled>[0] | null): Piece {
  return style === null ? text : styled(style, text)
}

function noteLines({ status }: Scene, { width, height }: Size): Line[] {
  if (height < 2) return []
  const notes = status.notes.slice(1 - height).reverse()
  return [
    [styled('bold', 'Notes')],
    ...notes.map(({ level, text }): Line => {
      const shown = truncate(`* ${printable(text)}`, width)
      return [piece(shown, level === 'warning' ? 'yellow' : null)]
    }),
  ]
}

const KEYS = [
  'q quit',
  '? help',
  'tab pane',
  'e explain',
  'l log',
  'p pause',
  'c cancel',
  's sort',
  '/ filter',
] as const

function footLine(scene: Scene, ui: Ui, width: number): Line {
  if (ui.asking !== null)
    return [styled('yellow', truncate(`cancel ${printable(ui.asking)}? y: yes, other keys: no`, width))]
  if (ui.typing !== null) return [truncate(`filter: ${printable(ui.typing)}_   enter: keep, esc: all`, width)]
  if (scene.message !== null) return [styled('yellow', truncate(printable(scene.message), width))]
  if (ui.open !== null) return [styled('dim', truncate('q, esc back   up, down, pgup, pgdn move', width))]
  const paused = scene.status.pausedSince !== null
  const keys = KEYS.map(key => (key === 'p pause' && paused ? 'p resume' : key))
  const filter = ui.filter === '' ? '' : `filter ${JSON.stringify(ui.filter)}  `
  let text = filter
  for (const key of keys) if (stringWidth(text + key) <= width) text += `${key}  `
  return [styled('dim', truncate(text.trimEnd(), width))]
}
