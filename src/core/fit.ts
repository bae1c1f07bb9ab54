import type { Layout, PhysicalCore } from './layout.ts'
import type { CoreId, MpiNeeds, NodeFacts, Settings, TaskDefinition } from './model.ts'
import type { View } from './run-state.ts'
import { formatSize } from './units.ts'

/** Which cores an item gets, and whether it can ever get them. */

type Needs = Pick<TaskDefinition, 'cpus' | 'gpus' | 'memoryBytes' | 'mpi'>

/** Cores that an attempt needs on this node. `all` is every core that attempts may use there at the same time; of `any` one is enough. */
export function coresNeeded(cpus: TaskDefinition['cpus'], usable: number, maxCpus: number | null): number {
  if (cpus === 'any') return 1
  return cpus === 'all' ? Math.max(1, Math.min(usable, maxCpus ?? usable)) : cpus
}

/** Whether an attempt can be given just these cores. */
export function isEnough(cpus: TaskDefinition['cpus'], cores: readonly CoreId[], needed: number): boolean {
  return cpus === 'any' ? cores.length >= needed : cores.length === needed
}

/** GPUs that an attempt takes of a node that has so many; `all` is one at least. */
export function gpusNeeded(gpus: TaskDefinition['gpus'], there: number): number {
  return gpus === 'all' ? Math.max(1, there) : (gpus ?? 0)
}

/**
 * Why a task can never run in this allocation, as a user should read it; null: it can, or no node is known yet.
 * What is wanted and what the most is, so that one of them can be changed.
 */
export function neverFits(
  task: Needs,
  nodes: readonly NodeFacts[],
  settings: Pick<Settings, 'maxCpus' | 'memoryReserveBytes'>,
): string | null {
  return misfit(task, capacitiesOf(nodes, settings))
}

/** What each of so many nodes has for attempts when nothing else runs on it. */
export interface Capacity {
  readonly cores: number
  readonly memory: number
  /** Infinity: it is not known yet how many. */
  readonly gpus: number
  readonly nodes: number
}

/** Those with cores of the job: the login node from which a job is used says nothing about what the job's nodes have. */
export function nodesOfJob(nodes: ReadonlyMap<string, View<NodeFacts>>): View<NodeFacts>[] {
  return [...nodes.values()].filter(({ cores }) => cores.length > 0)
}

/** Each kind of node once: most allocations have only one. */
export function capacitiesOf(
  nodes: readonly Pick<NodeFacts, 'usableCores' | 'memoryLimitBytes' | 'gpus'>[],
  settings: Pick<Settings, 'maxCpus' | 'memoryReserveBytes'>,
): Capacity[] {
  const kinds = new Map<string, Capacity>()
  for (const { usableCores, memoryLimitBytes, gpus: known } of nodes) {
    const cores = Math.min(usableCores.length, settings.maxCpus ?? usableCores.length)
    const memory = Math.max(0, memoryLimitBytes - settings.memoryReserveBytes)
    const gpus = known?.length ?? Number.POSITIVE_INFINITY
    const key = `${cores}/${memory}/${gpus}`
    kinds.set(key, { cores, memory, gpus, nodes: 1 + (kinds.get(key)?.nodes ?? 0) })
  }
  return [...kinds.values()]
}

/** As `neverFits`. */
export function misfit(task: Needs, capacities: readonly Capacity[]): string | null {
  const enoughCores = ({ cores }: Capacity) => coresNeeded(task.cpus, cores, null) <= cores
  const enoughMemory = ({ memory }: Capacity) => (task.memoryBytes ?? 0) <= memory
  const enoughGpus = ({ gpus }: Capacity) => gpusNeeded(task.gpus, gpus) <= gpus
  if (capacities.length === 0) return null
  if (capacities.some(node => enoughCores(node) && enoughMemory(node) && enoughGpus(node)))
    return task.mpi == null
      ? null
      : rankMisfit(task, task.mpi, { fitting: capacities.filter(enoughMemory), all: capacities })

  const cpus = cpusText(task.cpus)
  const memory = formatSize(task.memoryBytes ?? 0)
  const mostCores = Math.max(...capacities.map(node => node.cores))
  const mostMemory = formatSize(Math.max(...capacities.map(node => node.memory)))
  const lacks: string[] = []
  if (!capacities.some(enoughCores))
    lacks.push(`needs ${cpus}, but a node has at most ${mostCores} for tasks`)
  if (!capacities.some(enoughMemory))
    lacks.push(`needs ${memory} of memory, but a node has at most ${mostMemory} for tasks`)
  if (!capacities.some(enoughGpus))
    lacks.push(`needs ${gpusText(task.gpus)}, but ${mostGpusText(capacities)}`)
  if (lacks.length > 0) return lacks.join('; ')
  const gpus = task.gpus ? `, ${gpusText(task.gpus)}` : ''
  return `needs ${cpus}${gpus} and ${memory} of memory, which no node has together`
}

function mostGpusText(capacities: readonly Capacity[]): string {
  const most = Math.max(...capacities.map(({ gpus }) => gpus))
  return most === 0 ? 'there is none in this allocation' : `a node has at most ${most}`
}

function gpusText(gpus: TaskDefinition['gpus']): string {
  if (gpus === 'all') return 'all GPUs of a node'
  return gpus === 1 ? '1 GPU' : `${gpus} GPUs`
}

/** One node would do for a part of it; all of it must fit at the same time. */
function rankMisfit(
  { cpus }: Needs,
  { nodes, ranks, cpusPerRank }: MpiNeeds,
  { fitting, all }: { readonly fitting: readonly Capacity[]; readonly all: readonly Capacity[] },
): string | null {
  const sum = (of: (capacity: Capacity) => number) =>
    fitting.reduce((total, capacity) => total + capacity.nodes * of(capacity), 0)
  if (nodes !== null) {
    const have = sum(({ cores }) => Number(cores >= Math.max(cpusPerRank, coresNeeded(cpus, cores, null))))
    const wanted = nodes === 'all' ? all.reduce((count, capacity) => count + capacity.nodes, 0) : nodes
    const least = cpus === 'all' ? cpusPerRank : cpus
    return have >= (wanted === 'any' ? 1 : wanted)
      ? null
      : `needs ${nodesText(nodes, wanted)} with ${cpusText(least)} each, but ${have} can have them`
  }
  const room = sum(({ cores }) => Math.floor(cores / cpusPerRank))
  return room >= ranks
    ? null
    : `needs ${ranks} ranks with ${cpusText(cpusPerRank)} each, but there is room for at most ${room}`
}

function nodesText(asked: MpiNeeds['nodes'], wanted: number | 'any'): string {
  if (asked === 'all') return `all nodes (${wanted})`
  return wanted === 'any' || wanted === 1 ? '1 node' : `${wanted} nodes`
}

function cpusText(cpus: TaskDefinition['cpus']): string {
  if (cpus === 'all') return 'all cpus of a node'
  if (cpus === 'any') return 'a cpu'
  return cpus === 1 ? '1 cpu' : `${cpus} cpus`
}

/**
 * Free cores of one node and one kind (idle or shared), as the hardware has them: per domain, physical cores by how
 * many of their threads are free. `take` empties it.
 */
export interface CorePool {
  readonly domains: readonly PoolDomain[]
}

interface PoolDomain {
  free: number
  /** Index: free threads of a physical core. The next one to take is last. */
  readonly bySize: CoreId[][][]
}

export function poolOf(layout: Layout, isFree: (core: CoreId) => boolean): CorePool {
  const domains = Array.from({ length: layout.domains }, (): PoolDomain => ({ free: 0, bySize: [] }))
  // From the highest to the lowest, as cores are taken from the end.
  for (let at = layout.physicalCores.length - 1; at >= 0; at -= 1) {
    const { domain, usable } = layout.physicalCores[at] as PhysicalCore
    const threads = usable.filter(isFree)
    const pool = domains[domain]
    if (threads.length > 0 && pool !== undefined) put(pool, threads)
  }
  return { domains }
}

/**
 * Takes `count` cores that lie close together: from the domain that they leave least free, whole physical cores
 * before parts, and started ones before whole ones for what remains. There must be enough.
 */
export function take(pool: CorePool, count: number): CoreId[] {
  const taken: CoreId[] = []
  while (taken.length < count) {
    const domain = domainFor(pool, count - taken.length)
    if (domain === null) break
    takeFromDomain(domain, Math.min(domain.free, count - taken.length), taken)
  }
  return taken
}

/** As `take`, but from this domain as long as it has any. */
export function takeNear(pool: CorePool, domain: number, count: number): CoreId[] {
  const here = pool.domains[domain]
  const taken: CoreId[] = []
  if (here !== undefined) takeFromDomain(here, Math.min(here.free, count), taken)
  return taken.length < count ? [...taken, ...take(pool, count - taken.length)] : taken
}

/** Whether this core is still in the pool. */
export function holds(pool: CorePool, core: CoreId): boolean {
  return pool.domains.some(({ bySize }) => bySize.some(all => all.some(threads => threads.includes(core))))
}

/** Takes this very core; false: it is not there. */
export function takeOne({ domains }: CorePool, core: CoreId): boolean {
  for (const domain of domains) {
    for (const all of domain.bySize) {
      const at = all.findIndex(threads => threads.includes(core))
      const [threads = []] = at < 0 ? [] : all.splice(at, 1)
      if (threads.length === 0) continue
      domain.free -= threads.length
      const left = threads.filter(thread => thread !== core)
      if (left.length > 0) put(domain, left)
      return true
    }
  }
  return false
}

/** The tightest domain with room for all; failing that the largest, so that few are needed. */
function domainFor(pool: CorePool, count: number): PoolDomain | null {
  let best: PoolDomain | null = null
  for (const domain of pool.domains) {
    if (domain.free === 0) continue
    if (best === null || betterFit(domain.free, best.free, count)) best = domain
  }
  return best
}

function betterFit(free: number, bestFree: number, count: number): boolean {
  if (bestFree < count) return free > bestFree
  return free >= count && free < bestFree
}

function takeFromDomain(domain: PoolDomain, count: number, taken: CoreId[]): void {
  for (let left = count; left > 0; ) {
    const threads = physicalCoreFor(domain, left)
    if (threads === undefined) return
    const used = threads.splice(0, left)
    domain.free -= used.length + threads.length
    if (threads.length > 0) put(domain, threads)
    taken.push(...used)
    left -= used.length
  }
}

/** The largest that is used up whole, else the smallest that has enough. */
function physicalCoreFor({ bySize }: PoolDomain, count: number): CoreId[] | undefined {
  for (let size = Math.min(count, bySize.length - 1); size > 0; size -= 1) {
    if ((bySize[size]?.length ?? 0) > 0) return bySize[size]?.pop()
  }
  for (let size = count + 1; size < bySize.length; size += 1) {
    if ((bySize[size]?.length ?? 0) > 0) return bySize[size]?.pop()
  }
  return undefined
}

function put(domain: PoolDomain, threads: CoreId[]): void {
  // No holes: a sparse array is slow.
  while (domain.bySize.length <= threads.length) domain.bySize.push([])
  domain.bySize[threads.length]?.push(threads)
  domain.free += threads.length
}
