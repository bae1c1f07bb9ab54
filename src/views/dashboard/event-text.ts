import type { OdopEvent } from '../../core/events.ts'
import type { Placement } from '../../core/model.ts'
import { formatDuration } from '../../core/units.ts'
import type { Style } from '../lines.ts'
import { commandText, firstLine, printable } from '../printable.ts'
import { coresText } from '../status-text.ts'
import { counted } from '../units.ts'

/** An event in a line, for people; null: of no interest. */
export function eventText(event: OdopEvent): { readonly text: string; readonly style: Style | null } | null {
  switch (event.type) {
    case 'launch-started':
      return plain(`launch of ${commandText(event.command)}`)
    case 'node-joined':
      return plain(`${printable(event.facts.name)} joined with ${counted(event.facts.cores.length, 'core')}`)
    case 'task-refused':
      return { text: `not used: ${printable(event.file)}: ${firstLine(event.problem)}`, style: 'red' }
    case 'application-started':
      return plain(
        event.pid === null ? 'the application could not be started' : 'the application has started',
      )
    case 'application-ended':
      return plain(`the application has ended, ${event.signal ?? `code ${event.code}`}`)
    case 'item-queued':
      return { text: `${printable(event.item.id)} queued${inputText(event.item.files)}`, style: 'dim' }
    case 'item-cancelled':
      return plain(`${printable(event.item)} cancelled: ${firstLine(event.reason)}`)
    case 'attempt-started':
      return plain(`${printable(event.attempt)} started on ${placeText(event.placement)}`)
    case 'attempt-suspended':
      return { text: `${printable(event.attempt)} suspended: ${firstLine(event.reason)}`, style: 'yellow' }
    case 'attempt-resumed':
      return plain(`${printable(event.attempt)} resumed`)
    case 'attempt-moved':
      return plain(`${printable(event.attempt)} moved to ${placeText(event.placement)}`)
    case 'attempt-ended':
      return endText(event)
    case 'harvest-paused':
      return { text: 'harvesting paused', style: 'yellow' }
    case 'harvest-resumed':
      return { text: 'harvesting resumed', style: 'green' }
    case 'note':
      return noteText(event)
    case 'launch-ended':
      return plain('odop has ended')
    default:
      return null
  }
}

function plain(text: string): { text: string; style: null } {
  return { text, style: null }
}

function inputText([first, ...more]: readonly string[]): string {
  if (first === undefined) return ''
  const name = printable(first.slice(first.lastIndexOf('/') + 1))
  return more.length === 0 ? `: ${name}` : `: ${name} and ${more.length} more`
}

function placeText({ node, cores, others }: Placement): string {
  const more = others === undefined ? '' : ` and ${counted(others.length, 'more node')}`
  return `${printable(node)}, ${cores.length === 1 ? 'core' : 'cores'} ${coresText(cores)}${more}`
}

function endText({ attempt, outcome, reason, usage }: Extract<OdopEvent, { type: 'attempt-ended' }>) {
  const why = reason === null ? '' : `: ${firstLine(reason)}`
  const style: Style | null =
    outcome === 'completed' ? 'green' : outcome === 'failed' || outcome === 'timeout' ? 'red' : null
  return { text: `${printable(attempt)} ${outcome} in ${formatDuration(usage.wallSeconds)}${why}`, style }
}

function noteText({ level, text, node }: Extract<OdopEvent, { type: 'note' }>) {
  const where = node === undefined ? '' : `${node}: `
  const style: Style | null = level === 'warning' ? 'yellow' : null
  return { text: `${level === 'warning' ? '! ' : ''}${printable(where + text)}`, style }
}
