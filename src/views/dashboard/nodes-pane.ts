import type { CoreSeconds, NodeFacts } from '../../core/model.ts'
import type { View } from '../../core/state.ts'
import { barLine } from '../bar.ts'
import { type Line, styled } from '../lines.ts'
import { printable } from '../printable.ts'
import { pad, truncate } from '../string-width.ts'
import { counted } from '../units.ts'
import { NOTHING_USED, plus } from './history.ts'
import { coreMarks, foldMarks, LEGEND, markPieces, marksEach } from './marks.ts'
import { isOver, type Scene, type Size } from './scene.ts'
import { barParts, SHARE_WIDTH, shareText } from './use.ts'

/** As wide as labels in the summary. */
const LABEL = 10
/** Under this width the figures go, so that marks have room. */
const LEAST_FOR_FIGURES = 60
/** Marks of all these cores are made for one line; of more, only what was measured is shown. */
const MOST_MARKS = 4096

/** How high it would like to be. */
export function nodesHeight({ status }: Scene): number {
  return 1 + Math.max(1, status.nodes.length)
}

/**
 * What the cores of the nodes do: a line for each node, if there is room for all; else a mark for each node, and the cores of
 * the selected one. Of a run that is over, what they have done in all.
 *
 * @param selected name of a node; null: the pane has not the focus
 */
export function nodesPane(scene: Scene, selected: string | null, { width, height }: Size): Line[] {
  const nodes = [...scene.told.state.nodes.values()]
  if (height <= 0) return []
  if (nodes.length === 0) return [[pad('Cores', LABEL), 'no node has joined yet']]
  if (height === 1) return [oneLine(scene, nodes, width)]
  if (nodes.length > height - 1) return folded(scene, nodes, selected, { width, height })
  const head = isOver(scene)
    ? '# application  = tasks  o odop  . idle, over the whole run'
    : foldedText(LEGEND, nodes, width)
  return [titled('Cores', head), ...nodes.map(node => nodeLine(scene, node, selected, width))]
}

function titled(title: string, text: string): Line {
  return [styled('bold', pad(title, LABEL)), styled('dim', text)]
}

function foldedText(legend: string, nodes: readonly View<NodeFacts>[], width: number): string {
  const most = nodes.reduce((cores, node) => Math.max(cores, node.cores.length), 0)
  const each = marksEach(most, marksWidth(width))
  return each === 1 ? legend : `${counted(each, 'core')} a mark: ${legend}`
}

function marksWidth(width: number): number {
  return width - LABEL - (width < LEAST_FOR_FIGURES ? 0 : SHARE_WIDTH + 2)
}

function nodeLine(scene: Scene, node: View<NodeFacts>, selected: string | null, width: number): Line {
  const name = truncate(printable(node.name), LABEL - 2)
  const mark = selected === node.name ? '> ' : selected === null ? '' : '  '
  const label = pad(truncate(mark + name, LABEL - 1), LABEL)
  const room = marksWidth(width)
  const used = isOver(scene) ? usedBy(scene, node) : latelyUsed(scene, node)
  const strip = isOver(scene) ? barLine(barParts(used), used.total, room) : stripOf(scene, node, room)
  const figures = width < LEAST_FOR_FIGURES ? [] : [' '.repeat(room - lengthOf(strip) + 2), shareText(used)]
  return [label, ...strip, ...figures]
}

function lengthOf(line: Line): number {
  return line.reduce((sum, piece) => sum + (typeof piece === 'string' ? piece : piece.text).length, 0)
}

function stripOf({ told, samples }: Scene, node: View<NodeFacts>, room: number): Line {
  return markPieces(foldMarks(coreMarks(told.state, node, samples.get(node.name)), room))
}

function usedBy({ status }: Scene, { name }: View<NodeFacts>): CoreSeconds {
  return status.nodes.find(node => node.name === name)?.coreSeconds ?? NOTHING_USED
}

function latelyUsed({ told }: Scene, { name }: View<NodeFacts>): CoreSeconds {
  return told.history.nodes.get(name)?.lately ?? NOTHING_USED
}

/** All cores in one line. */
function oneLine(scene: Scene, nodes: readonly View<NodeFacts>[], width: number): Line {
  const room = width - LABEL
  const cores = nodes.reduce((sum, node) => sum + node.cores.length, 0)
  if (cores > MOST_MARKS || isOver(scene)) {
    const of = isOver(scene) ? usedBy : latelyUsed
    const used = nodes.map(node => of(scene, node)).reduce(plus, NOTHING_USED)
    return [styled('bold', pad('Cores', LABEL)), ...barLine(barParts(used), used.total, room)]
  }
  const marks = nodes.map(node => coreMarks(scene.told.state, node, scene.samples.get(node.name))).join('')
  return [styled('bold', pad('Cores', LABEL)), ...markPieces(foldMarks(marks, room))]
}

/** More nodes than lines. */
function folded(
  scene: Scene,
  nodes: readonly View<NodeFacts>[],
  selected: string | null,
  { width, height }: Size,
): Line[] {
  const one = nodes.find(({ name }) => name === selected) ?? nodes[0]
  // Where there are three lines, the last one has the cores of one node.
  const rows = height >= 3 ? height - 2 : height - 1
  const marks = foldMarks(nodes.map(node => nodeMark(scene, node)).join(''), rows * width)
  const each = marksEach(nodes.length, rows * width)
  const share = each === 1 ? 'a mark each' : `${counted(each, 'node')} a mark`
  const lines = [titled('Nodes', `${nodes.length}, ${share}: # application  = tasks  . idle`)]
  for (let row = 0; row * width < marks.length; row += 1)
    lines.push(markPieces(marks.slice(row * width, (row + 1) * width)))
  if (one !== undefined && height >= 3) lines.push(nodeLine(scene, one, selected, width))
  return lines
}

/** By what most of its cores were used for lately. */
function nodeMark(scene: Scene, node: View<NodeFacts>): string {
  const { total, app, tasks } = isOver(scene) ? usedBy(scene, node) : latelyUsed(scene, node)
  if (total > 0) return app >= total / 2 ? '#' : tasks >= (total - app) / 2 ? '=' : '.'
  const held = scene.told.state.loads.get(node.name)?.cores.size ?? 0
  return held >= node.cores.length / 2 && held > 0 ? '=' : '?'
}
