import type { NodeFacts } from '../../core/model.ts'
import type { RunView, View } from '../../core/state.ts'
import { type Piece, type Style, styled } from '../lines.ts'
import type { NodeSample } from './scene.ts'

/** What stands for a core; also without colours each means one thing. */
export const LEGEND = '# application  + partly  = tasks  % both  - suspended  . idle'

const STYLES: Readonly<Record<string, Style>> = {
  '#': 'cyan',
  '+': 'cyan',
  '=': 'green',
  '%': 'yellow',
  '-': 'yellow',
  o: 'yellow',
  '.': 'dim',
  '?': 'dim',
}

/** From here on a core counts as the application's, or as used by it in part. */
const USED = 0.5
const PARTLY = 0.1

/** A mark for each core of the node. */
export function coreMarks(state: RunView, facts: View<NodeFacts>, sample: NodeSample | undefined): string {
  const held = state.loads.get(facts.name)?.cores
  const marks = facts.cores.map((core, at) => {
    const holder = held?.get(core)
    const attempt = holder === undefined ? undefined : state.running.get(holder)
    const tasks = attempt === undefined ? null : attempt.suspendedSince === null ? '=' : '-'
    return markOf(tasks, sample?.shares[at], sample?.ofOthers === true)
  })
  return marks.join('')
}

function markOf(tasks: '=' | '-' | null, share: number | undefined, ofOthers: boolean): string {
  if (share === undefined) return tasks ?? '?'
  // What an attempt uses itself is in such a share.
  if (tasks === '=' && !ofOthers) return '='
  if (share >= USED) return tasks === '=' ? '%' : '#'
  return tasks ?? (share >= PARTLY ? '+' : '.')
}

/** Fewer marks that stand for several cores each, by what most of them are. */
export function foldMarks(marks: string, width: number): string {
  const each = marksEach(marks.length, width)
  if (each === 1) return marks
  const groups = Math.ceil(marks.length / each)
  return Array.from({ length: groups }, (_, at) => mostOf(marks.slice(at * each, (at + 1) * each))).join('')
}

/** How many have to share a mark so that all fit. */
export function marksEach(count: number, width: number): number {
  return Math.max(1, Math.ceil(count / Math.max(1, width)))
}

function mostOf(marks: string): string {
  let best = ''
  let most = 0
  for (const mark of Object.keys(STYLES)) {
    const count = marks.split(mark).length - 1
    if (count > most) {
      best = mark
      most = count
    }
  }
  return best
}

/** With their colours, equal neighbours in one piece. */
export function markPieces(marks: string): Piece[] {
  return (marks.match(/(.)\1*/g) ?? []).map(text => styledMark(text))
}

function styledMark(text: string): Piece {
  const style = STYLES[text[0] ?? '']
  return style === undefined ? text : styled(style, text)
}
