import type { CoreId, MpiNeeds, NodeName, Placement, PlacementPart } from './model.ts'

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

/** Ranks of an attempt there: what was asked for, or as many as its cores make. */
export function ranksIn(placement: Placement, { ranks, cpusPerRank }: MpiNeeds): number {
  if (ranks > 0) return ranks
  const made = partsOf(placement).map(({ cores }) => Math.floor(cores.length / cpusPerRank))
  return made.reduce((sum, count) => sum + count, 0)
}
