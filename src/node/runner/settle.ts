import { writeFileSync } from 'node:fs'
import { yieldAsSession } from '../../os/autogroup.ts'
import { readThreads } from '../../os/proc.ts'
import type { SystemCalls } from '../../os/system-calls.ts'

/**
 * Makes this process one that the application does not notice. Its own process group, in the application's session:
 * a session of its own would be a scheduling group of its own, with an equal share of each core.
 *
 * An application that has left odop's session is in another group anyway. Beside such a one a session of its own is better:
 * it has a nice value as a group, and that of odop's session is not ours to change.
 */
export function settle(native: SystemCalls | null, ownSession: boolean): void {
  native?.dieWithParent()
  native?.becomeSubreaper()
  if (ownSession) native?.leadSession()
  else native?.leadProcessGroup()
  for (const thread of ownThreads()) native?.runWhenIdle(thread)
  // First to go when memory ends.
  writeQuietly('/proc/self/oom_score_adj', '1000')
  if (native === null || ownSession) yieldAsSession(process.pid)
}

/** Threads that start later inherit it from those that start them. */
export function pinTo(native: SystemCalls, cores: readonly number[]): void {
  for (const thread of ownThreads()) native.setAffinity(thread, cores)
}

function ownThreads(): number[] {
  return (readThreads(process.pid) ?? []).map(Number)
}

/** Where there is no such file, there is nothing to be done. */
function writeQuietly(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'r+' })
  } catch {}
}
