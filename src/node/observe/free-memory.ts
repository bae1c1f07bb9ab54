import { readProc } from '../../os/proc.ts'
import { freeUnderLimit, memoryLimits } from './cgroups.ts'
import type { System } from './system.ts'

export interface FreeMemoryOptions {
  readonly system: System
  /** The allocation's memory. */
  readonly limitBytes: number
  /** Stays free in any case. */
  readonly reserveBytes: number
}

/**
 * Makes the function that tells what attempts may still take: the least of what the machine has, what the control
 * groups allow, and what the allocation's limit leaves over, less the reserve.
 *
 * Where a control group enforces the limit, the kernel's own count is used. Where only Slurm's variables tell it, the
 * processes' resident memory is taken off, which counts pages shared between processes more than once: it errs on the
 * application's side.
 */
export function freeMemory({
  system,
  limitBytes,
  reserveBytes,
}: FreeMemoryOptions): (usedBytes: number) => number {
  const groups = memoryLimits(readProc)
  const enforced = groups.some(group => group.limitBytes <= limitBytes)
  return usedBytes => {
    const free = groups.flatMap(group => freeUnderLimit(group, readProc) ?? [])
    if (!enforced) free.push(limitBytes - usedBytes)
    return Math.max(0, Math.min(...free, system.availableMemoryBytes() ?? limitBytes) - reserveBytes)
  }
}
