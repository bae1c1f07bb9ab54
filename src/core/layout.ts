import type { CoreId, NodeFacts } from './model.ts'

/** The usable cores of a node as the hardware has them; made once a node joins. */
export interface Layout {
  readonly usable: readonly CoreId[]
  /** One more than the highest core. */
  readonly size: number
  readonly physicalCores: readonly PhysicalCore[]
  /** The threads of those physical cores that have several. */
  readonly hyperthreads: readonly (readonly CoreId[])[]
  /** How many domains there are. A domain is a NUMA node within a socket. */
  readonly domains: number
}

/** Hardware threads that share one core, as far as they are of the allocation. */
export interface PhysicalCore {
  readonly domain: number
  readonly threads: readonly CoreId[]
  /** Those of the threads on which attempts may run: not excluded, not reserved. */
  readonly usable: readonly CoreId[]
}

/** Of nodes that are alike it is the same. */
export function layoutOf(facts: NodeFacts): Layout {
  const before = known.get(facts.topology)
  if (before?.usableCores === facts.usableCores && before.cores === facts.cores) return before.layout
  const layout = newLayout(facts)
  known.set(facts.topology, { cores: facts.cores, usableCores: facts.usableCores, layout })
  return layout
}

/** Facts that are alike share these parts. */
const known = new WeakMap<
  NodeFacts['topology'],
  Pick<NodeFacts, 'cores' | 'usableCores'> & { readonly layout: Layout }
>()

function newLayout(facts: NodeFacts): Layout {
  const places = new Map(facts.topology.map(place => [place.core, place]))
  const allocated = [...new Set([...facts.cores, ...facts.usableCores])].sort((a, b) => a - b)
  const here = new Set(allocated)
  const usable = new Set(facts.usableCores)
  const domains = new Map<string, number>()
  const placed = new Set<CoreId>()
  const physicalCores: PhysicalCore[] = []
  for (const core of allocated) {
    if (placed.has(core)) continue
    const place = places.get(core)
    const siblings = new Set([core, ...(place?.siblings ?? [])])
    const threads = [...siblings]
      .filter(thread => here.has(thread) && !placed.has(thread))
      .sort((a, b) => a - b)
    for (const thread of threads) placed.add(thread)
    const domain = numberOf(domains, `${place?.socket ?? 0}/${place?.numaNode ?? 0}`)
    physicalCores.push({ domain, threads, usable: threads.filter(thread => usable.has(thread)) })
  }
  return {
    usable: allocated.filter(core => usable.has(core)),
    size: Math.max(-1, ...allocated) + 1,
    physicalCores,
    hyperthreads: physicalCores.map(({ threads }) => threads).filter(threads => threads.length > 1),
    domains: domains.size,
  }
}

function numberOf(numbers: Map<string, number>, key: string): number {
  const number = numbers.get(key) ?? numbers.size
  numbers.set(key, number)
  return number
}
