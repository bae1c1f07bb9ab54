import { formatDuration, formatSize } from '../core/units.ts'
import type { AttemptDetail, ItemDetail } from './item-detail.ts'
import { bulletLines, labelled, moreLine } from './layout.ts'
import { type Line, renderLines, styled, type TextOptions, usableWidth } from './lines.ts'
import { printable } from './printable.ts'
import { progressText } from './progress-text.ts'
import { stateStyle } from './task-detail-text.ts'
import { counted, utcText } from './units.ts'

const MOST_FILES = 20
const MOST_ATTEMPTS = 20

/** What `odop status RUN --item ID` prints. */
export function itemDetailText(item: ItemDetail, options: TextOptions): string {
  const width = usableWidth(options)
  const label = (name: string, value: string | null) =>
    value === null ? [] : labelled(name, printable(value), width)
  const files = item.files.slice(0, MOST_FILES).flatMap(file => bulletLines(printable(file), width))
  const shown = item.attempts.slice(-MOST_ATTEMPTS)
  return renderLines(
    [
      [
        styled('bold', printable(item.item)),
        ': ',
        styled(stateStyle(item.state) ?? 'bold', item.state),
        ` (${printable(item.run)})`,
      ],
      ...label('Why', item.reason),
      ...label('Queued', timeText(item.queued)),
      ...label('Ended', item.ended && timeText(item.ended)),
      ...label('Not before', item.retryAt && timeText(item.retryAt)),
      ...label('Node', item.node),
      ...(item.files.length === 0 ? [] : [[styled('bold', counted(item.files.length, 'file'))]]),
      ...files,
      ...moreLine(item.files.length - MOST_FILES, 'file', 'odop status --item --json'),
      ...shown.flatMap(attempt => attemptLines(attempt, width)),
      ...moreLine(item.attempts.length - MOST_ATTEMPTS, 'attempt', 'odop status --item --json'),
    ],
    options,
  )
}

function attemptLines(attempt: AttemptDetail, width: number): readonly Line[] {
  const label = (name: string, value: string | null) =>
    value === null ? [] : labelled(name, printable(value), width)
  const { exitCode, suspensions, suspendedSeconds } = attempt
  const paused = `${counted(suspensions, 'time')}, ${formatDuration(suspendedSeconds)} in all`
  return [
    [],
    [
      styled('bold', printable(attempt.attempt)),
      ': ',
      styled(stateStyle(attempt.state) ?? 'bold', attempt.state),
    ],
    ...label('Why', attempt.reason),
    ...label('Exit code', exitCode === null ? null : String(exitCode)),
    ...label('Where', placementText(attempt.placement)),
    ...label('Started', timeText(attempt.start)),
    ...label('Ended', attempt.end && timeText(attempt.end)),
    ...label('Time', usedText(attempt)),
    ...label('Progress', progressText(attempt.progress) || null),
    ...label('Suspended', suspensions === 0 ? null : paused),
    ...label('Log', attempt.log),
  ]
}

function usedText({ wallSeconds, cpuSeconds, peakMemoryBytes }: AttemptDetail): string {
  if (cpuSeconds === null || peakMemoryBytes === null) return formatDuration(wallSeconds)
  return `${formatDuration(wallSeconds)}, ${formatDuration(cpuSeconds)} CPU, at most ${formatSize(peakMemoryBytes)}`
}

function placementText(placement: AttemptDetail['placement']): string {
  return placement
    .map(({ node, cores }) => `${node}, ${cores.length === 1 ? 'core' : 'cores'} ${cores.join(',')}`)
    .join('; ')
}

function timeText(iso: string): string {
  return `${utcText(Date.parse(iso))} UTC`
}
