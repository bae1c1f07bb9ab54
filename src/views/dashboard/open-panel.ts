import { unreachable } from '../../core/unreachable.ts'
import { type Line, styled } from '../lines.ts'
import { printable } from '../printable.ts'
import { progressText } from '../progress-text.ts'
import { truncate, wrap } from '../string-width.ts'
import type { Rows } from './rows.ts'
import type { Scene, Size } from './scene.ts'
import { itemColumns, table } from './tables.ts'
import { type Open, selectedAt, type Ui } from './ui.ts'

const HELP = [
  'tab        next pane: tasks, attempts, nodes',
  'up, down   move (also k, j, pgup, pgdn, home, end)',
  's          sort the pane in another way',
  '/          filter tasks, attempts and events; esc: all again',
  'enter      of a task: its work items; of an attempt: its log',
  'e          explain why work of the task waits',
  'l          the log of the attempt',
  'p          pause or resume harvesting',
  'c          cancel the work item of the attempt, or choose one',
  'q          quit; the run goes on',
  '',
  'Cores: # application   + application in part   = tasks',
  '       % both   - a suspended task   . idle   ? not known yet',
]

/** What is open instead of the panes. */
export function openPanel(
  scene: Scene,
  ui: Ui,
  rows: Rows,
  { width, height, now }: Size & { readonly now: number },
): Line[] {
  const { open } = ui
  if (open === null) return []
  if (open.kind === 'items') {
    const keys = rows.items.map(({ id }) => id)
    const selected = selectedAt(ui.selections.items, keys)
    const empty = `nothing of ${printable(open.task)} is pending or runs`
    const columns = itemColumns(now)
    return table({ columns, rows: rows.items, selected, empty, width, height })
  }
  const lines = textOf(open, scene, width)
  const room = Math.max(0, height - 1)
  const start = opensAtEnd(open) ? lines.length - room : 0
  const first = Math.max(0, Math.min(lines.length - room, start + ui.scroll))
  const title: Line = [styled('bold', truncate(titleOf(open, scene), width))]
  return [title, ...lines.slice(first, first + room).map((line): Line => [line])]
}

/** By how many lines the open text can be moved; below 0: up. */
export function scrollRoom(scene: Scene, { open }: Ui, { width, height }: Size): number {
  if (open === null || open.kind === 'items') return 0
  // Less the lines of title and keys, and that of what is open.
  const hidden = Math.max(0, textOf(open, scene, width).length - (height - 3))
  return opensAtEnd(open) ? -hidden : hidden
}

function textOf(open: Open, { panel }: Scene, width: number): string[] {
  const text = open.kind === 'help' ? HELP : (panel ?? ['…'])
  return text.flatMap(line => (line === '' ? [''] : wrap(printable(line), Math.max(2, width))))
}

function opensAtEnd({ kind }: Open): boolean {
  return kind === 'log'
}

function titleOf(open: Exclude<Open, { kind: 'items' }>, { status }: Scene): string {
  switch (open.kind) {
    case 'help':
      return 'Keys'
    case 'log': {
      const running = status.attempts.find(({ attempt }) => attempt === open.attempt)
      const progress = progressText(running?.progress ?? null)
      return `Log of ${printable(open.attempt)}${progress === '' ? '' : `: ${progress}`}`
    }
    case 'explain':
      return `Why work of ${printable(open.task)} waits`
    default:
      return unreachable(open)
  }
}
