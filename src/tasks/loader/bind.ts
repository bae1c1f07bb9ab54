import { writeFileSync } from 'node:fs'
import { systemCalls } from '../../os/system-calls.ts'

/**
 * Makes this process, which executes user code for the supervisor, end with it, keep what the code starts below itself, and
 * be among the first to go when memory ends.
 */
export function bindToSupervisor({ inBackground }: { readonly inBackground: boolean }): void {
  const supervisor = process.ppid
  const calls = systemCalls()
  calls?.dieWithParent()
  // It may have died before the kernel was told.
  if (process.ppid !== supervisor) process.exit(1)
  calls?.leadProcessGroup()
  calls?.becomeSubreaper()
  if (inBackground) calls?.runWhenIdle(0)
  preferInOutOfMemory()
}

function preferInOutOfMemory(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000')
  } catch {
    // Not on this system.
  }
}
