import { formatDuration } from '../core/units.ts'
import { unreachable } from '../core/unreachable.ts'
import { bulletLines, commandLines, labelled, moreLine } from './layout.ts'
import { type Line, renderLines, type Style, styled, type TextOptions, usableWidth } from './lines.ts'
import { printable, shellWord } from './printable.ts'
import { progressText } from './progress-text.ts'
import type { AttemptStatus, Status, TaskStatus } from './status.ts'
import { type Column, tableLines } from './table.ts'
import { coresText, coreTimeText, percentText, utcText } from './units.ts'

const MOST_ATTEMPTS = 20
const MOST_WAITING = 12
const MOST_NOTES = 5

/** What `odop status` prints. */
export function statusText(status: Status, options: TextOptions): string {
  const width = usableWidth(options)
  return renderLines(
    [
      ...headLines(status, width),
      ...section(tableIfAny(status.tasks, taskColumns, width)),
      ...section(attemptLines(status.attempts, width)),
      ...section(waitingLines(status.waiting, width)),
      ...section(noteLines(status.notes, width)),
    ],
    options,
  )
}

function headLines(status: Status, width: number): readonly Line[] {
  const { availableCoreSeconds: available, harvestedCoreSeconds: harvested, share } = status.harvest
  const used = coreTimeText(harvested, available)
  return [
    [
      styled('bold', printable(status.run)),
      ': ',
      styled(stateStyles[status.state], stateTexts[status.state]),
      ` (${status.mode}, ${formatDuration(status.wallSeconds)})`,
    ],
    ...commandLines(status.command, width),
    ...labelled('Application', applicationText(status.application), width),
    ...labelled('odop', `pid ${status.pid} on ${printable(status.host)}`, width),
    ...labelled('Started', `${utcText(Date.parse(status.start))} UTC`, width),
    ...(status.pausedSince === null ? [] : labelled('Paused', pausedText(status), width)),
    ...(available === 0 ? [] : labelled('Harvested', `${used} (${percentText(share)})`, width)),
  ]
}

function pausedText({ pausedSince, run }: Status): string {
  const since = utcText(Date.parse(pausedSince ?? ''))
  return `since ${since} UTC: no tasks run until odop resume ${shellWord(run)}`
}

const stateTexts: Readonly<Record<Status['state'], string>> = {
  live: 'live',
  draining: 'draining: the application has ended, the queue is worked off',
  ended: 'ended',
  interrupted: 'interrupted: odop is gone; the next run of this name goes on there',
}

const stateStyles: Readonly<Record<Status['state'], Style>> = {
  live: 'green',
  draining: 'cyan',
  ended: 'bold',
  interrupted: 'yellow',
}

function applicationText({ state, pid, code, signal }: Status['application']): string {
  switch (state) {
    case 'running':
      return pid === null ? 'could not be started' : `running, pid ${pid}`
    case 'ended':
      return signal === null ? `ended with code ${code}` : `ended by ${printable(signal)}`
    case 'starting':
      return 'starting'
    case 'none':
      return 'none'
    default:
      return unreachable(state)
  }
}

const taskColumns: readonly Column<TaskStatus>[] = [
  { head: 'Task', align: 'left', text: task => printable(task.name) },
  count('Pending', task => task.pending, null),
  count('Running', task => task.running, 'green'),
  count('Suspended', task => task.suspended, 'yellow'),
  count('Completed', task => task.completed, null),
  count('Failed', task => task.failed, 'red'),
  count('Timeout', task => task.timeout, 'red'),
  count('Cancelled', task => task.cancelled, null),
]

function count(head: string, of: (task: TaskStatus) => number, style: Style | null): Column<TaskStatus> {
  return {
    head,
    align: 'right',
    text: task => String(of(task)),
    style: task => (of(task) > 0 ? style : null),
  }
}

/** A table of attempts that run or are suspended. */
export function attemptLines(attempts: readonly AttemptStatus[], width: number): readonly Line[] {
  const columns = attempts.some(({ progress }) => progress !== null) ? withProgress : attemptColumns
  const table = tableIfAny(attempts.slice(0, MOST_ATTEMPTS), columns, width)
  return [...table, ...moreLine(attempts.length - MOST_ATTEMPTS, 'attempt', 'odop status --json')]
}

const attemptColumns: readonly Column<AttemptStatus>[] = [
  { head: 'Attempt', align: 'left', text: attempt => printable(attempt.attempt) },
  {
    head: 'State',
    align: 'left',
    text: attempt => attempt.state,
    style: attempt => (attempt.state === 'suspended' ? 'yellow' : null),
  },
  { head: 'Time', align: 'right', text: attempt => formatDuration(attempt.elapsedSeconds) },
  {
    head: 'Limit',
    align: 'right',
    text: attempt => (attempt.limitSeconds === null ? '-' : formatDuration(attempt.limitSeconds)),
  },
  { head: 'Node', align: 'left', text: attempt => printable(attempt.node) },
  {
    head: 'Cores',
    align: 'left',
    flexible: true,
    text: attempt => `${coresText(attempt.cores)}${gpusText(attempt.gpus)}`,
  },
  { head: 'Why', align: 'left', flexible: true, text: attempt => printable(attempt.reason ?? '') },
]

/** Behind the limit. */
const withProgress = attemptColumns.toSpliced(4, 0, {
  head: 'Progress',
  align: 'left',
  flexible: true,
  text: ({ progress }) => progressText(progress),
})

function gpusText(gpus: readonly number[]): string {
  return gpus.length === 0 ? '' : ` GPU ${coresText(gpus)}`
}

function waitingLines(waiting: Status['waiting'], width: number): readonly Line[] {
  const lines = waiting
    .slice(0, MOST_WAITING)
    .flatMap(({ task, items, reason }) => bulletLines(printable(`${task} (${items}): ${reason}`), width))
  const more = moreLine(waiting.length - MOST_WAITING, 'task', 'odop status --json')
  return lines.length === 0 ? [] : [[styled('bold', 'Waiting')], ...lines, ...more]
}

function noteLines(notes: Status['notes'], width: number): readonly Line[] {
  const lines = notes
    .slice(-MOST_NOTES)
    .flatMap(({ at, text }) => bulletLines(printable(`${utcText(Date.parse(at)).slice(11)} ${text}`), width))
  return lines.length === 0 ? [] : [[styled('bold', 'Last notes')], ...lines]
}

function tableIfAny<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  width: number,
): readonly Line[] {
  return rows.length === 0 ? [] : tableLines(rows, columns, width)
}

function section(lines: readonly Line[]): readonly Line[] {
  return lines.length === 0 ? [] : [[], ...lines]
}
