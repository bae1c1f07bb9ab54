import { sessionsAreGroups } from '../../os/autogroup.ts'
import { descendants, readProcessStat } from '../../os/proc.ts'

/**
 * Whether a process, or one that it has started, runs in another session than this process, and so in another scheduling
 * group. A wrapper that leaves the session later is found by the looks at the application.
 */
export function runsInAnotherGroup(pid: number): boolean {
  if (!sessionsAreGroups()) return false
  const own = readProcessStat(process.pid)?.session
  const sessions = [pid, ...descendants(pid)].flatMap(each => readProcessStat(each)?.session ?? [])
  return own !== undefined && sessions.some(session => session !== own)
}
