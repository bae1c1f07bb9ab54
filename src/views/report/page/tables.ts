import { partsOf } from '../../../core/placement.ts'
import { formatDuration, formatSize } from '../../../core/units.ts'
import { progressText } from '../../progress-text.ts'
import type { Summary } from '../../summary-schema.ts'
import { percentText, utcText } from '../../units.ts'
import { yieldText } from '../../yield-text.ts'
import type { Report } from '../report.ts'
import type { LoggedAttempt } from '../run-log.ts'
import { chosenAttempts, isBad } from './chosen-attempts.ts'
import { type Html, html } from './html.ts'
import { type PageColumn, tableHtml } from './table.ts'
import { thousands } from './texts.ts'

/** More nodes than this make no table to read. */
const MOST_NODES = 500

export function tasksHtml({ summary: { tasks } }: Report): Html {
  if (tasks.length === 0) return section('tasks', 'Tasks', html`<p>There were none.</p>`)
  const counts = ['completed', 'failed', 'timeout', 'cancelled', 'left', 'attempts'] as const
  const heads = {
    completed: 'Completed',
    failed: 'Failed',
    timeout: 'Timeout',
    cancelled: 'Cancelled',
    left: 'Left',
    attempts: 'Attempts',
  }
  const tones: Readonly<Record<string, string>> = {
    failed: 'bad',
    timeout: 'bad',
    cancelled: 'warn',
    left: 'warn',
  }
  type Row = Summary['tasks'][number]
  const columns: PageColumn<Row>[] = [
    { head: 'Task', cell: row => row.name },
    ...counts.map(
      (key): PageColumn<Row> => ({
        head: heads[key],
        number: true,
        cell: row => thousands(row[key]),
        order: row => row[key],
        tone: row => (row[key] > 0 ? (tones[key] ?? null) : null),
      }),
    ),
    seconds('Time', row => row.wallSeconds),
    seconds('CPU', row => row.cpuSeconds),
    bytes('Peak memory', row => row.peakMemoryBytes),
    seconds('Wait (median)', row => row.waitSeconds.median),
    seconds('Wait (max)', row => row.waitSeconds.max),
  ]
  const table = tableHtml({
    id: 'table-tasks',
    caption: 'Tasks of the whole run; Completed to Left count work items',
    rows: tasks,
    columns,
  })
  return section('tasks', 'Tasks', table)
}

export function nodesHtml({ summary }: Report): Html {
  const { nodes } = summary
  if (nodes.length === 0) return section('nodes', 'Nodes', html`<p>None was measured.</p>`)
  type Row = Summary['nodes'][number]
  const share = (head: string, part: 'app' | 'tasks' | 'odop' | 'idle'): PageColumn<Row> => ({
    head,
    number: true,
    cell: ({ coreSeconds }) => percentText(coreSeconds.total > 0 ? coreSeconds[part] / coreSeconds.total : 0),
    order: ({ coreSeconds }) => (coreSeconds.total > 0 ? coreSeconds[part] / coreSeconds.total : 0),
  })
  const columns: PageColumn<Row>[] = [
    { head: 'Node', cell: row => row.name },
    { head: 'Cores', number: true, cell: row => row.cores },
    { head: 'Use', cell: ({ coreSeconds }) => barHtml(coreSeconds) },
    share('Application', 'app'),
    share('Tasks', 'tasks'),
    share('odop', 'odop'),
    share('Idle', 'idle'),
    bytes('Memory limit', row => row.memoryBytes.limit),
    bytes('Application (peak)', row => row.memoryBytes.appPeak),
    bytes('Tasks (peak)', row => row.memoryBytes.tasksPeak),
    ...(nodes.some(({ gpus }) => gpus.length > 0) ? [GPUS] : []),
    { head: 'Cores given back', cell: row => html`<span class="reason">${yieldText(row.yield)}</span>` },
  ]
  const rows = nodes.slice(0, MOST_NODES)
  const caption = `Use of each node over the launch${shownText(rows.length, nodes.length, 'nodes', '--table nodes')}`
  return section('nodes', 'Nodes', tableHtml({ id: 'table-nodes', caption, rows, columns }))
}

/** Only where a node has some. */
const GPUS: PageColumn<Summary['nodes'][number]> = {
  head: 'GPUs',
  cell: ({ gpus }) => gpus.map(gpuText).join('; '),
}

/** `0: used 87%, memory 40G of 80G`. */
function gpuText({
  index,
  use,
  memoryBytes: { peak, limit },
}: Summary['nodes'][number]['gpus'][number]): string {
  const known = [
    ...(use === null ? [] : [`used ${percentText(use)}`]),
    ...(peak === null || limit === null ? [] : [`memory ${formatSize(peak)} of ${formatSize(limit)}`]),
  ]
  return `${index}: ${known.length === 0 ? 'not known' : known.join(', ')}`
}

/** As wide as the shares; its numbers are in the columns beside it. */
function barHtml({ total, app, tasks, odop }: Summary['nodes'][number]['coreSeconds']): Html {
  const parts = [
    ['app', app],
    ['tasks', tasks],
    ['odop', odop],
  ] as const
  const widths = parts.map(([name, part]) => {
    const percent = total > 0 ? ((part / total) * 100).toFixed(1) : '0'
    return html`<span class="${name}" style="width:${percent}%"></span>`
  })
  return html`<span class="bar" aria-hidden="true">${widths}</span>`
}

export interface AttemptLogs {
  /** Where a browser finds the log, as seen from the page. */
  readonly hrefOf: (attempt: LoggedAttempt) => string
  /** The last lines of some logs. */
  readonly tails: readonly LogTail[]
}

export interface LogTail {
  readonly attempt: LoggedAttempt
  readonly text: string
  /** Not all of it. */
  readonly isCut: boolean
}

export function attemptsHtml({ attempts }: Report, { hrefOf, tails }: AttemptLogs): Html {
  if (attempts.length === 0) return section('attempts', 'Attempts', html`<p>There were none.</p>`)
  const rows = chosenAttempts(attempts)
  const columns: PageColumn<LoggedAttempt>[] = [
    { head: 'Attempt', cell: row => row.attempt },
    {
      head: 'State',
      cell: row => row.state,
      tone: row => (isBad(row) ? 'bad' : row.state === 'completed' ? 'good' : 'warn'),
    },
    { head: 'Started (UTC)', cell: row => utcText(row.startedAt), order: row => row.startedAt },
    {
      head: 'Node',
      cell: row =>
        partsOf(row.placement)
          .map(({ node }) => node)
          .join(' '),
    },
    {
      head: 'Cores',
      cell: row =>
        partsOf(row.placement)
          .map(({ cores }) => cores.join(' '))
          .join('; '),
    },
    seconds('Time', row => row.usage?.wallSeconds ?? null),
    seconds('CPU', row => row.usage?.cpuSeconds ?? null),
    bytes('Memory', row => row.usage?.peakMemoryBytes ?? null),
    ...(rows.some(({ progress }) => progress !== null) ? [PROGRESS] : []),
    { head: 'Log', cell: row => html`<a href="${hrefOf(row)}">log</a>` },
    { head: 'Why', cell: row => html`<span class="reason">${row.reason ?? ''}</span>` },
  ]
  const caption = `Attempts of the whole run${shownText(rows.length, attempts.length, 'attempts, those that failed or ran out of time first, then the longest', '')}`
  const filter = html`<p class="tools"><label>Show only rows with <input type="search" data-filter="table-attempts"></label> <span class="hint" id="table-attempts-shown" role="status"></span></p>`
  const table = tableHtml({ id: 'table-attempts', caption, rows, columns })
  return section('attempts', 'Attempts', html`${filter}${table}${tailsHtml(tails)}`)
}

const PROGRESS: PageColumn<LoggedAttempt> = {
  head: 'Last progress',
  cell: ({ progress }) => html`<span class="reason">${progressText(progress)}</span>`,
  order: ({ progress }) => progress?.fraction ?? -1,
}

function tailsHtml(tails: readonly LogTail[]): Html {
  if (tails.length === 0) return html``
  const logs = tails.map(
    ({ attempt, text, isCut }) =>
      html`<details><summary>${attempt.attempt} <span class="hint">${attempt.state}${attempt.reason === null ? '' : `: ${attempt.reason}`}</span></summary><pre>${isCut ? '…\n' : ''}${logLines(text)}</pre></details>\n`,
  )
  return html`<h3>How some logs end</h3>${logs}`
}

function logLines(text: string): Html[] {
  return text.split('\n').map(line => html`${line}\n`)
}

export function leftoversHtml({ status, itemsLeft }: Report): Html {
  if (status.waiting.length === 0) return section('left', 'What is left', html`<p>No work item is left.</p>`)
  const columns: PageColumn<Report['status']['waiting'][number]>[] = [
    { head: 'Task', cell: row => row.task },
    { head: 'Work items', number: true, cell: row => thousands(row.items), order: row => row.items },
    { head: 'Why', cell: row => html`<span class="reason">${row.reason}</span>` },
  ]
  const caption = `${thousands(itemsLeft)} work items that have not ended`
  return section(
    'left',
    'What is left',
    tableHtml({ id: 'table-left', caption, rows: status.waiting, columns }),
  )
}

/** Nothing where there is none. */
export function adviceHtml({ summary: { advice } }: Report): Html {
  return advice.length === 0 ? html`` : section('advice', 'Advice', listHtml(advice))
}

export function notesHtml({ summary: { notes } }: Report): Html {
  return section('notes', 'Notes', notes.length === 0 ? html`<p>There are none.</p>` : listHtml(notes))
}

function listHtml(texts: readonly string[]): Html {
  return html`<ul class="notes">${texts.map(text => html`<li>${text}</li>`)}</ul>`
}

function section(id: string, title: string, content: Html): Html {
  return html`<section aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${content}
</section>`
}

/** Nothing when all of them are shown. */
function shownText(shown: number, all: number, what: string, options: string): string {
  if (shown === all) return ''
  const command = ['odop report RUN --format csv', options].filter(Boolean).join(' ')
  return `: ${thousands(shown)} of ${thousands(all)} ${what}; all of them: ${command}`
}

function seconds<Row>(head: string, value: (row: Row) => number | null): PageColumn<Row> {
  return amount(head, value, formatDuration)
}

function bytes<Row>(head: string, value: (row: Row) => number | null): PageColumn<Row> {
  return amount(head, value, formatSize)
}

function amount<Row>(
  head: string,
  value: (row: Row) => number | null,
  text: (value: number) => string,
): PageColumn<Row> {
  return {
    head,
    number: true,
    cell: row => {
      const given = value(row)
      return given === null ? '–' : text(given)
    },
    order: row => value(row) ?? -1,
  }
}
