import type { CoreId, CorePlace } from '../../core/model.ts'

/** Reads a small file of `/proc` or `/sys`; null when it is not there. */
export type ReadText = (path: string) => string | null

/** Where each core lies. Without `/sys` every core stands for itself in one socket and one NUMA node. */
export function describeTopology(cores: readonly CoreId[], read: ReadText): CorePlace[] {
  const numaNodes = numaNodeOfCores(read)
  return cores.map(core => {
    const folder = `/sys/devices/system/cpu/cpu${core}/topology`
    const siblings = parseCoreList(read(`${folder}/thread_siblings_list`) ?? '')
    return {
      core,
      siblings: siblings.includes(core) ? siblings : [core],
      socket: notNegative(read(`${folder}/physical_package_id`)),
      numaNode: numaNodes.get(core) ?? 0,
    }
  })
}

/** Parses the kernel's lists of cores, such as `0-3,8`; what is not one is left out. Ascending, each once. */
export function parseCoreList(text: string): CoreId[] {
  const cores = new Set<CoreId>()
  for (const part of text.trim().split(',')) {
    const [, first, last = first] = part.match(/^\s*(\d+)(?:-(\d+))?\s*$/) ?? []
    for (let core = Number(first); core <= Number(last); core++) cores.add(core)
  }
  return [...cores].sort((a, b) => a - b)
}

function numaNodeOfCores(read: ReadText): Map<CoreId, number> {
  const nodes = new Map<CoreId, number>()
  for (const node of parseCoreList(read('/sys/devices/system/node/online') ?? '')) {
    const cores = parseCoreList(read(`/sys/devices/system/node/node${node}/cpulist`) ?? '')
    for (const core of cores) nodes.set(core, node)
  }
  return nodes
}

/** Virtual machines say -1 where they do not know. */
function notNegative(text: string | null): number {
  return Math.max(0, Number.parseInt(text ?? '', 10) || 0)
}
