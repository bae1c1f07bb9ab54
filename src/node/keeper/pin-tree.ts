import { descendants, readThreads } from '../../os/proc.ts'
import type { SystemCalls } from '../../os/system-calls.ts'

/**
 * Pins every thread of a process and of all its descendants to these cores. Looks again until nothing new is found: a
 * process that was not yet reached may have started another one meanwhile, which has its cores. Whatever starts later has
 * those of the one that starts it.
 */
export function pinTree(native: SystemCalls, root: number, cores: readonly number[]): void {
  const pinned = new Set<number>()
  for (let look = 0, quiet = 0; look < MOST_LOOKS && quiet < QUIET_LOOKS; look++) {
    const found = threadsBelow(root).filter(thread => !pinned.has(thread))
    quiet = found.length === 0 ? quiet + 1 : 0
    for (const thread of found) {
      pinned.add(thread)
      native.setAffinity(thread, cores)
    }
  }
}

function threadsBelow(root: number): number[] {
  return [root, ...descendants(root)].flatMap(pid => readThreads(pid) ?? []).map(Number)
}

const MOST_LOOKS = 10
/** As for signals: the kernel's list of children may leave one out while another of them ends. */
const QUIET_LOOKS = 2
