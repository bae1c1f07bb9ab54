import type { CoreId, NodeFacts, NodeName } from '../../core/model.ts'
import type { View } from '../../core/state.ts'

/** What a line of the timeline stands for: a core, a node with all its cores, or nodes that follow each other. */
export type RowKind = 'core' | 'node' | 'nodes'

export interface Row {
  readonly name: string
  /** How many cores of the job it stands for. */
  readonly cores: number
}

/** The lines of the timeline, and where each core is found in them. */
export interface Rows {
  readonly kind: RowKind
  readonly rows: readonly Row[]
  /** The row of a core; for `node` and `nodes` any core of the node gives the same. -1: it has none. */
  rowOf(node: NodeName, core: CoreId): number
}

/** More lines than this can't be told apart on a page. */
export const MOST_ROWS = 128

type Nodes = readonly View<NodeFacts>[]

export function rowsOf(nodes: Nodes): Rows {
  const cores = nodes.reduce((sum, node) => sum + node.cores.length, 0)
  return cores <= MOST_ROWS ? coreRows(nodes) : nodeRows(nodes, Math.ceil(nodes.length / MOST_ROWS))
}

function coreRows(nodes: Nodes): Rows {
  const rows: Row[] = []
  const numbers = new Map<NodeName, Map<CoreId, number>>()
  for (const { name, cores } of nodes) {
    const ofNode = new Map<CoreId, number>()
    for (const core of cores) {
      ofNode.set(core, rows.length)
      rows.push({ name: nodes.length === 1 ? `core ${core}` : `${name} core ${core}`, cores: 1 })
    }
    numbers.set(name, ofNode)
  }
  return { kind: 'core', rows, rowOf: (node, core) => numbers.get(node)?.get(core) ?? -1 }
}

function nodeRows(nodes: Nodes, together: number): Rows {
  const rows: Row[] = []
  const numbers = new Map<NodeName, number>()
  for (let first = 0; first < nodes.length; first += together) {
    const group = nodes.slice(first, first + together)
    for (const { name } of group) numbers.set(name, rows.length)
    rows.push({ name: groupName(group), cores: group.reduce((sum, { cores }) => sum + cores.length, 0) })
  }
  return { kind: together === 1 ? 'node' : 'nodes', rows, rowOf: node => numbers.get(node) ?? -1 }
}

function groupName(group: Nodes): string {
  const [first, last] = [group[0]?.name ?? '', group.at(-1)?.name ?? '']
  return first === last ? first : `${first} … ${last}`
}
