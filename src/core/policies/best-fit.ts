import type { TaskDefinition } from '../model.ts'
import type { Candidate, Policy } from './policy.ts'
import { isStarved } from './starved.ts'

/**
 * The largest first, each on the node that it leaves with the least room: large items find no room once small ones are
 * everywhere, but small ones fill what large ones leave. Large is by cores; between equals by memory.
 */
export const bestFit: Policy = {
  name: 'best_fit',
  nodes: 'tightest',
  rank({ definition, waitingSince }: Candidate, now: number): number {
    if (isStarved(waitingSince, now)) return Number.POSITIVE_INFINITY
    return coresInAll(definition) + memoryShare(definition)
  },
}

/** More than any number of cores, and less than what has starved. */
const ALL_CORES = 1e9
/** 1 PB: memory only decides between items with as many cores. */
const MOST_MEMORY = 1024 ** 5

/** A task with ranks may need more than one node. */
function coresInAll({ cpus, mpi }: TaskDefinition): number {
  if (mpi != null && mpi.ranks > 0) return mpi.ranks * mpi.cpusPerRank
  if (cpus === 'all' || mpi?.nodes === 'all') return ALL_CORES
  return cpus === 'any' ? 1 : cpus
}

function memoryShare({ memoryBytes }: TaskDefinition): number {
  return Math.min((memoryBytes ?? 0) / MOST_MEMORY, 0.999)
}
