import type { CoreId, NodeName, Placement, PlacementPart } from './model.ts'

/** What it has of each of its nodes, that of the runner first. */
export function partsOf({
  node,
  cores,
  others = [],
}: Pick<Placement, 'node' | 'cores' | 'others'>): readonly PlacementPart[] {
  return [{ node, cores }, ...others]
}

/** Its cores on this node; empty: it has none there. */
export function coresOn({ node, cores, others }: Placement, asked: NodeName): readonly CoreId[] {
  if (node === asked) return cores
  return others?.find(part => part.node === asked)?.cores ?? []
}
