import { readFileSync } from 'node:fs'

/** Whether odop is in the foreground of its controlling terminal, where Ctrl-C reaches the whole process group. */
export function inForeground(): boolean {
  const fields = statFields('self')
  // After the name, which may hold anything: state, ppid, pgrp, session, tty, tpgid.
  return fields !== null && fields[2] === fields[5]
}

/** null: it can't be seen here. */
export function isStopped(pid: number): boolean | null {
  const fields = statFields(String(pid))
  return fields === null ? null : fields[0] === 'T'
}

function statFields(pid: string): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}
