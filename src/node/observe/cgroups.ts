import { dirname } from 'node:path'
import type { ReadText } from './topology.ts'

/** One control group that limits the memory of this process, with the files that say how much of it is used. */
export interface MemoryLimit {
  readonly limitBytes: number
  readonly usageFile: string
  readonly statFile: string
}

/** The limits of every control group that this process is in, of either version; the tightest one counts. */
export function memoryLimits(read: ReadText): MemoryLimit[] {
  return controlGroups('memory', read).flatMap(({ folder, version }) => {
    const names = MEMORY_FILES[version]
    const limitBytes = Number(read(`${folder}/${names.limit}`) ?? 'missing')
    // Not a number: "max", or the root group, which has no such file.
    if (!(limitBytes > 0) || limitBytes >= UNLIMITED_BYTES) return []
    return [{ limitBytes, usageFile: `${folder}/${names.usage}`, statFile: `${folder}/memory.stat` }]
  })
}

const MEMORY_FILES = {
  1: { limit: 'memory.limit_in_bytes', usage: 'memory.usage_in_bytes' },
  2: { limit: 'memory.max', usage: 'memory.current' },
} as const

/** Version 1 says "no limit" as the largest multiple of the page size below 2^63; no machine has a pebibyte. */
const UNLIMITED_BYTES = 2 ** 50

/** What may still be taken under a limit, counting the page cache as free: the kernel drops it when memory is needed. */
export function freeUnderLimit(limit: MemoryLimit, read: ReadText): number | null {
  const usedBytes = read(limit.usageFile)
  const stat = read(limit.statFile)
  if (usedBytes === null || stat === null) return null
  const cacheBytes = statField(stat, 'inactive_file') + statField(stat, 'active_file')
  return limit.limitBytes - Math.max(0, Number(usedBytes) - cacheBytes)
}

/** Version 1 prefixes with `total_` what includes the groups below; version 2 always includes them. */
function statField(stat: string, name: string): number {
  const found =
    stat.match(new RegExp(`^total_${name} (\\d+)`, 'm')) ?? stat.match(new RegExp(`^${name} (\\d+)`, 'm'))
  return Number(found?.[1] ?? 0)
}

/**
 * Makes the function that counts the processes which the kernel has killed because memory had ended: in the control group
 * of this process and those below it, or on the machine where there is no such count; null: unknown.
 */
export function kernelKillCounter(read: ReadText): () => number | null {
  const files = [
    ...controlGroups('memory', read).map(({ folder, version }) => `${folder}/${KILL_FILES[version]}`),
    '/proc/vmstat',
  ]
  const countIn = (file: string) => read(file)?.match(/^oom_kill (\d+)$/m)?.[1]
  const file = files.find(each => countIn(each) !== undefined)
  return () => {
    const count = file === undefined ? undefined : countIn(file)
    return count === undefined ? null : Number(count)
  }
}

const KILL_FILES = { 1: 'memory.oom_control', 2: 'memory.events' } as const

/** The outermost control group of this process whose processes the kernel kills all together when memory ends; null: there is none. */
export function killedTogether(read: ReadText): string | null {
  const groups = controlGroups('memory', read).filter(({ version }) => version === 2)
  return groups.findLast(({ folder }) => read(`${folder}/memory.oom.group`)?.trim() === '1')?.folder ?? null
}

/** Where the kernel says how long processes were kept waiting for I/O: those of this process's group, or all. */
export function ioPressureFile(read: ReadText): string {
  const own = controlGroups('io', read)
    .filter(({ version }) => version === 2)
    .map(({ folder }) => `${folder}/io.pressure`)
  return own.find(file => read(file) !== null) ?? '/proc/pressure/io'
}

/** How many cores' worth of time the control groups allow, such as 1.5; null: no quota. */
export function cpuQuota(read: ReadText): number | null {
  const quotas = controlGroups('cpu', read).map(({ folder, version }) => {
    const [quota, period] =
      version === 2
        ? (read(`${folder}/cpu.max`) ?? '').trim().split(' ')
        : [read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`)]
    return Number(quota || 'none') / Number(period || 'none')
  })
  // Version 1 says -1 for "no quota", version 2 "max".
  const limited = quotas.filter(quota => quota > 0)
  return limited.length === 0 ? null : Math.min(...limited)
}

/** The control group in which a process competes for CPU time; null where that cannot be seen. */
export function cpuGroup(pid: number | 'self', read: ReadText): string | null {
  const lines = membership(read, pid)
  const line =
    lines.find(({ controllers }) => controllers.includes('cpu')) ?? lines.find(({ version }) => version === 2)
  if (line === undefined) return null
  return line.version === 1 ? line.path : competingGroup(line.path, read)
}

/** Version 2: a group without the cpu controller shares with its parent's; only one that has it has a weight. */
function competingGroup(path: string, read: ReadText): string {
  const mount = cgroupMounts(read).find(({ version }) => version === 2)
  for (let at = path; mount !== undefined && at.length > 1; at = dirname(at)) {
    const folder = mount.folder + belowMount(mount, at)
    const controllers = read(`${folder}/cgroup.controllers`)
    // Out of sight: then any difference counts.
    if (controllers === null) return path
    if (read(`${folder}/cpu.weight`) !== null) return at
  }
  return mount === undefined ? path : '/'
}

interface ControlGroup {
  readonly folder: string
  readonly version: 1 | 2
}

/** The folders of this process's group and of all groups above it, as far as they are mounted here. */
function controlGroups(controller: string, read: ReadText): ControlGroup[] {
  const mounts = cgroupMounts(read)
  return membership(read, 'self').flatMap(({ version, controllers, path }) => {
    if (version === 1 && !controllers.includes(controller)) return []
    const mount = mounts.find(
      each => each.version === version && (version === 2 || each.controllers.includes(controller)),
    )
    return mount ? foldersUpwards(mount, path).map(folder => ({ folder, version })) : []
  })
}

/** In a container the mount shows only a part of the hierarchy, while the path may be given from its very root. */
function foldersUpwards(mount: Mount, path: string): string[] {
  const below = belowMount(mount, path)
  const folders: string[] = []
  for (let at = below; at.length > 1; at = dirname(at)) folders.push(mount.folder + at)
  return [...folders, mount.folder]
}

function belowMount({ root }: Mount, path: string): string {
  return root === '/' ? path : path.startsWith(root) ? path.slice(root.length) : ''
}

interface Membership {
  readonly version: 1 | 2
  readonly controllers: readonly string[]
  readonly path: string
}

/** `/proc/PID/cgroup`: lines of `4:memory:/path` for version 1, and one `0::/path` for version 2. */
function membership(read: ReadText, pid: number | 'self'): Membership[] {
  return lines(read(`/proc/${pid}/cgroup`)).flatMap((line): Membership[] => {
    const [, hierarchy, controllers = '', path = '/'] = line.match(/^(\d+):([^:]*):(.*)$/) ?? []
    if (hierarchy === undefined) return []
    return [{ version: hierarchy === '0' ? 2 : 1, controllers: controllers.split(','), path }]
  })
}

interface Mount {
  readonly version: 1 | 2
  readonly controllers: readonly string[]
  /** Which folder of the hierarchy is mounted, and where. */
  readonly root: string
  readonly folder: string
}

/** `/proc/self/mountinfo`: `ID PARENT DEVICE ROOT FOLDER OPTIONS … - TYPE SOURCE OPTIONS`. */
function cgroupMounts(read: ReadText): Mount[] {
  return lines(read('/proc/self/mountinfo')).flatMap((line): Mount[] => {
    const [place = '', kind = ''] = line.split(' - ')
    const [, , , root = '/', folder = ''] = place.split(' ')
    const [type, , options = ''] = kind.split(' ')
    if (type !== 'cgroup' && type !== 'cgroup2') return []
    return [{ version: type === 'cgroup2' ? 2 : 1, controllers: options.split(','), root, folder }]
  })
}

function lines(text: string | null): string[] {
  return (text ?? '').split('\n').filter(line => line !== '')
}
