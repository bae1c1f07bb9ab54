import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'

/** A control group of a test's own, in which memory is limited; null: none can be made here. */
export function memoryGroup(limitMib: number): MemoryGroup | null {
  const name = `odop-rig-${process.pid}-${Date.now()}`
  for (const { root, sign, limit, swap } of VERSIONS) {
    const folder = `${root}/${name}`
    try {
      if (!existsSync(`${root}/${sign}`)) continue
      mkdirSync(folder)
      writeFileSync(`${folder}/${limit}`, String(limitMib * 2 ** 20))
      if (existsSync(`${folder}/${swap}`)) writeFileSync(`${folder}/${swap}`, '0')
      return { folder }
    } catch {
      removeGroup(folder)
    }
  }
  return null
}

export interface MemoryGroup {
  readonly folder: string
}

const VERSIONS = [
  { root: '/sys/fs/cgroup', sign: 'cgroup.controllers', limit: 'memory.max', swap: 'memory.swap.max' },
  {
    root: '/sys/fs/cgroup/memory',
    sign: 'memory.use_hierarchy',
    limit: 'memory.limit_in_bytes',
    swap: 'memory.swappiness',
  },
] as const

/** False: something still runs in it. */
export function removeGroup(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch {
    return !existsSync(folder)
  }
}

/** What a command line begins with that is to run in it. */
export function enter({ folder }: MemoryGroup): readonly string[] {
  return ['sh', '-c', `echo $$ > ${folder}/cgroup.procs && exec "$@"`, 'sh']
}
