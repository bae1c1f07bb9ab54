import { descendants, readProcessStat } from '../../os/proc.ts'

/** Sends a signal, to a process group when the number is negative; false: there is none any more, or it is not ours. */
export function sendSignal(signal: NodeJS.Signals, pid: number): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/**
 * To the process group that this runner leads, and to those of its descendants that have left the group. Looks again
 * until nothing new is found: a process that was not yet reached may have forked meanwhile.
 */
export function sendToTree(signal: NodeJS.Signals, leader: number): void {
  const reached = new Set<number>()
  const found = () => descendants(leader).filter(pid => !reached.has(pid))
  // Listed before the first signal: what a killed process leaves behind is not below it any more.
  let next = found()
  // A runner that has only just been started does not lead its group yet; then it is alone.
  const isGroup = sendSignal(signal, -leader)
  if (!isGroup) sendSignal(signal, leader)
  for (let look = 0, quiet = 0; look < MOST_LOOKS && quiet < QUIET_LOOKS; look++) {
    quiet = next.length === 0 ? quiet + 1 : 0
    for (const pid of next) {
      reached.add(pid)
      // Never twice: some programs take a second SIGTERM as "at once".
      if (!isGroup || readProcessStat(pid)?.group !== leader) sendSignal(signal, pid)
    }
    next = found()
  }
}

const MOST_LOOKS = 20
/** The kernel's list of children may leave one out while another of them ends (proc(5)): one look proves nothing. */
const QUIET_LOOKS = 2
