import type { ItemState, View } from '../../core/state.ts'
import { formatDuration } from '../../core/units.ts'
import { type Line, type Style, styled } from '../lines.ts'
import { printable } from '../printable.ts'
import { progressText } from '../progress-text.ts'
import type { AttemptStatus } from '../status.ts'
import { type Column, tableLines } from '../table.ts'
import { coresText } from '../units.ts'
import type { TaskRow } from './rows.ts'
import type { Size } from './scene.ts'

export interface TableOptions<Row> extends Size {
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  /** Place of the selected row; null: the table has not the focus. */
  readonly selected: number | null
  /** What stands there when there are no rows. */
  readonly empty: string
}

/** A head and as many rows as there is room for, with the selected one among them. */
export function table<Row>({ columns, rows, selected, empty, width, height }: TableOptions<Row>): Line[] {
  if (height <= 0) return []
  const room = Math.max(0, height - 1)
  const first = Math.max(0, Math.min(rows.length - room, (selected ?? 0) - Math.floor(room / 2)))
  const shown = rows.slice(first, first + room)
  const [head = [], ...lines] = tableLines(shown, columns, width - MARK)
  const more = rows.length - shown.length
  const body = lines.map((line, at): Line => [mark(selected === first + at), ...line])
  if (body.length === 0 && room > 0) body.push([mark(false), styled('dim', empty)])
  const counted: Line = more > 0 ? [styled('dim', `  (${more} more)`)] : []
  return [[mark(false), ...head, ...counted], ...body]
}

const MARK = 2

function mark(selected: boolean) {
  return selected ? styled('bold', '> ') : '  '
}

export const taskColumns: readonly Column<TaskRow>[] = [
  { head: 'Task', align: 'left', text: task => printable(task.name) },
  count('Wait', task => task.pending, null),
  count('Run', task => task.running, 'green'),
  count('Susp', task => task.suspended, 'yellow'),
  count('Done', task => task.completed, null),
  count('Fail', task => task.failed + task.timeout, 'red'),
  { head: 'Why it waits', align: 'left', flexible: true, text: task => printable(task.reason) },
]

function count(head: string, of: (task: TaskRow) => number, style: Style | null): Column<TaskRow> {
  return {
    head,
    align: 'right',
    text: task => String(of(task)),
    style: task => (of(task) > 0 ? style : null),
  }
}

/** Progress has a column where any attempt tells of some, so that others keep their room. */
export function attemptColumns(attempts: readonly AttemptStatus[]): readonly Column<AttemptStatus>[] {
  return attempts.some(({ progress }) => progress !== null) ? withProgress : plainColumns
}

const plainColumns: readonly Column<AttemptStatus>[] = [
  { head: 'Attempt', align: 'left', text: attempt => printable(attempt.attempt) },
  { head: 'Time', align: 'right', text: attempt => formatDuration(Math.floor(attempt.elapsedSeconds)) },
  {
    head: 'Limit',
    align: 'right',
    text: attempt => (attempt.limitSeconds === null ? '-' : formatDuration(attempt.limitSeconds)),
  },
  {
    head: 'State',
    align: 'left',
    text: attempt => attempt.state,
    style: attempt => (attempt.state === 'suspended' ? 'yellow' : 'green'),
  },
  { head: 'Node', align: 'left', text: attempt => printable(attempt.node) },
  { head: 'Cores', align: 'left', flexible: true, text: attempt => coresText(attempt.cores) },
  { head: 'Why', align: 'left', flexible: true, text: attempt => printable(attempt.reason ?? '') },
]

/** Right behind the time: a narrow terminal loses the last columns. */
const withProgress = plainColumns.toSpliced(2, 0, {
  head: 'Progress',
  align: 'left',
  flexible: true,
  text: ({ progress }) => progressText(progress),
})

export function itemColumns(now: number): readonly Column<View<ItemState>>[] {
  const seconds = (since: number) => formatDuration(Math.max(0, Math.floor((now - since) / 1000)))
  return [
    { head: 'Work item', align: 'left', text: item => printable(item.id) },
    { head: 'State', align: 'left', text: item => stateOf(item, now) },
    { head: 'Queued', align: 'right', text: item => `${seconds(item.queuedAt)} ago` },
    { head: 'Failed', align: 'right', text: item => String(item.failures) },
    { head: 'Files', align: 'left', flexible: true, text: item => printable(item.files.join(' ')) },
  ]
}

function stateOf({ runningAs, follows, failures, readyAt }: View<ItemState>, now: number): string {
  if (runningAs !== null) return 'running'
  if (follows !== null) return 'next'
  if (failures === 0 || readyAt <= now) return 'pending'
  return `retry in ${formatDuration(Math.ceil((readyAt - now) / 1000))}`
}
