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

/** What attempts may still take, less the reserve: below 0 where that is touched. */
export interface FreeMemory {
  /** @param usedBytes resident memory of all processes of the allocation */
  atLook(usedBytes: number): number
  /** As the kernel counts it, for moments between looks: some 0.1 ms; null: it does not count. */
  byKernel(): number | null
}

/**
 * Free is the least of what the machine has, what the control groups allow, and what the allocation's limit leaves over.
 *
 * Where a control group enforces the limit, the kernel's own count is used. Where only Slurm's variables tell it, the
 * processes' resident memory is taken off, which counts pages shared between processes more than once: it errs on the
 * application's side.
 */
export function freeMemory({ system, limitBytes, reserveBytes }: FreeMemoryOptions): FreeMemory {
  const groups = memoryLimits(readProc)
  const enforced = groups.some(group => group.limitBytes <= limitBytes)
  const counted = () => {
    const machine = system.availableMemoryBytes()
    const free = groups.flatMap(group => freeUnderLimit(group, readProc) ?? [])
    return machine === null ? free : [...free, machine]
  }
  return {
    atLook(usedBytes) {
      const free = counted()
      if (!enforced) free.push(limitBytes - usedBytes)
      return Math.min(limitBytes, ...free) - reserveBytes
    },
    byKernel() {
      const free = counted()
      return free.length === 0 ? null : Math.min(...free) - reserveBytes
    },
  }
}
