import type { CoreId } from '../../core/model.ts'
import { readProc } from '../../os/proc.ts'
import { parseCoreList, type ReadText } from './topology.ts'

/**
 * The cores that a process or thread may run on, ascending; null: there is none of this number, or nobody tells. The kernel lists
 * those of a process that is not pinned up to the highest number it was built for, so those that are not there are left out.
 * `sched_getaffinity` says the same, but the means to call it take 15 ms of a core to load, which an agent on a busy node saves.
 */
export function readAllowedCores(pid: number | 'self', read: ReadText = readProc): CoreId[] | null {
  const listed = read(`/proc/${pid}/status`)?.match(/^Cpus_allowed_list:\s*(.+)$/m)?.[1]
  if (listed === undefined) return null
  const allowed = parseCoreList(listed)
  const online = new Set(parseCoreList(read('/sys/devices/system/cpu/online') ?? ''))
  return online.size === 0 ? allowed : allowed.filter(core => online.has(core))
}
