import { formatDuration, formatSize } from '../core/units.ts'
import type { ItemBrief, ItemStateName } from './item-detail.ts'
import { labelled } from './layout.ts'
import { type Line, renderLines, type Style, styled, type TextOptions, usableWidth } from './lines.ts'
import { printable } from './printable.ts'
import { attemptLines } from './status-text.ts'
import { type Column, tableLines } from './table.ts'
import type { TaskDetail } from './task-detail.ts'
import { triggerText } from './tasks-text.ts'
import { utcText } from './units.ts'

/** What `odop status RUN --task NAME` prints. */
export function taskDetailText(task: TaskDetail, options: TextOptions): string {
  const width = usableWidth(options)
  const label = (name: string, value: string | null) =>
    value === null ? [] : labelled(name, printable(value), width)
  const { definition, attempts, lastFailure } = task
  return renderLines(
    [
      [styled('bold', printable(task.name)), ` in ${printable(task.run)}`],
      ...label(
        'Trigger',
        definition === null ? 'not defined in the last launch' : triggerText(definition.trigger),
      ),
      ...label('Module', definition?.module ?? null),
      ...label('Items', itemsText(task)),
      ...label('Attempts', countsText({ ...attempts, started: attempts.started })),
      ...label('Wait', medianText(task.waitSeconds)),
      ...label('Duration', medianText(task.durationSeconds)),
      ...label('Used', `${formatDuration(task.cpuSeconds)} CPU, at most ${formatSize(task.peakMemoryBytes)}`),
      ...label('Waiting', task.waiting),
      ...label('Failure', lastFailure && `${lastFailure.attempt}: ${lastFailure.reason}`),
      ...label('Its log', lastFailure?.log ?? null),
      ...section(attemptLines(task.active, width)),
      ...section(task.items.length === 0 ? [] : tableLines(task.items, itemColumns, width)),
    ],
    options,
  )
}

function itemsText({
  queued,
  pending,
  running,
  suspended,
  completed,
  failed,
  timeout,
  cancelled,
}: TaskDetail) {
  return countsText({ queued, pending, running, suspended, completed, failed, timeout, cancelled })
}

/** `3 pending, 1 running`: what there is none of is left out, but for the first. */
function countsText(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count], at) => at === 0 || count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}

function medianText({ median, max }: TaskDetail['waitSeconds']): string | null {
  if (median === null || max === null) return null
  return `median ${formatDuration(median)}, longest ${formatDuration(max)}`
}

const itemColumns: readonly Column<ItemBrief>[] = [
  { head: 'Item', align: 'left', text: item => printable(item.item) },
  { head: 'State', align: 'left', text: item => item.state, style: item => stateStyle(item.state) },
  { head: 'Attempts', align: 'right', text: item => String(item.attempts) },
  { head: 'Queued (UTC)', align: 'left', text: item => utcText(Date.parse(item.queued)) },
  { head: 'Files', align: 'right', text: item => String(item.fileCount) },
  { head: 'First file', align: 'left', flexible: true, text: item => printable(item.firstFile ?? '') },
]

export function stateStyle(state: ItemStateName | 'requeued'): Style | null {
  if (state === 'failed' || state === 'timeout') return 'red'
  if (state === 'suspended') return 'yellow'
  return state === 'running' ? 'green' : null
}

function section(lines: readonly Line[]): readonly Line[] {
  return lines.length === 0 ? [] : [[], ...lines]
}
