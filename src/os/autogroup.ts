import { writeFileSync } from 'node:fs'
import { readProc, readProcessStat } from './proc.ts'

/** Whether the kernel makes a scheduling group of each session (`sched(7)`, autogroup). */
export function sessionsAreGroups(): boolean {
  return readProc('/proc/sys/kernel/sched_autogroup_enabled')?.trim() === '1'
}

/**
 * Gives the scheduling group of the session that a process leads the lowest nice value: what counts between sessions, whatever
 * the nice values and policies inside. Nothing happens where there are no such groups, and where it does not lead its session: that is
 * the user's then. The kernel lets a user change one every 100 ms only, of all sessions, so it may be done a little later.
 */
export function yieldAsSession(pid: number, tries = TRIES): void {
  if (readProcessStat(pid)?.session !== pid) return
  if (writeQuietly(`/proc/${pid}/autogroup`, '19') || tries === 0) return
  setTimeout(() => yieldAsSession(pid, tries - 1), PAUSE_MS).unref()
}

const TRIES = 20
const PAUSE_MS = 110

/** false: it may be written later. */
function writeQuietly(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: 'r+' })
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'EAGAIN')
  }
}
