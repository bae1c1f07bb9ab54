import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'

/**
 * What /proc says about the files that processes have open. Everything here is synchronous and short (5 – 25 µs a call); callers
 * spread the calls over time.
 */

/** `dev:ino`: the same for all names of a file, and after a rename. */
export type FileId = string

/** A file descriptor that is open for writing. */
export interface Holder {
  readonly pid: number
  readonly fd: string
  readonly id: FileId
}

export function fileId(stats: { readonly dev: bigint; readonly ino: bigint }): FileId {
  return `${stats.dev}:${stats.ino}`
}

/** All processes that can be seen; none where there is no /proc. */
export function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

/** Descriptors of a process; `gone`, or `denied` when this user may not ask. */
export function descriptors(pid: number): readonly string[] | 'gone' | 'denied' {
  try {
    return readdirSync(`/proc/${pid}/fd`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'EACCES' || code === 'EPERM' ? 'denied' : 'gone'
  }
}

/** The regular file that this descriptor writes to, or null. `skip` is asked first, with the file's path. */
export function writtenFile(pid: number, fd: string, skip: (path: string) => boolean): Holder | null {
  const link = `/proc/${pid}/fd/${fd}`
  try {
    // The order is that of cost: most descriptors are pipes, sockets and devices.
    const path = readlinkSync(link, 'latin1')
    if (!path.startsWith('/') || path.startsWith('/dev/') || !isForWriting(link) || skip(path)) return null
    const stats = statSync(link, { bigint: true })
    return stats.isFile() ? { pid, fd, id: fileId(stats) } : null
  } catch {
    return null
  }
}

/** Whether that descriptor still writes to that file: two calls instead of a search through all processes. */
export function stillHolds({ pid, fd, id }: Holder): boolean {
  const link = `/proc/${pid}/fd/${fd}`
  try {
    return isForWriting(link) && fileId(statSync(link, { bigint: true })) === id
  } catch {
    return false
  }
}

/** The permission bits of a descriptor's link are the mode in which it was opened. */
function isForWriting(link: string): boolean {
  const stats = lstatSync(link, { throwIfNoEntry: false })
  return stats !== undefined && (stats.mode & 0o200) !== 0
}

const MOST_COMMAND = 120

/** The command line of a process, cut where it is long; null: it is gone. */
export function commandOf(pid: number): string | null {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .split('\0')
      .filter(word => word !== '')
    const command = words.join(' ') || (nameAndStart(pid)?.name ?? '')
    if (command === '') return null
    return command.length > MOST_COMMAND ? `${command.slice(0, MOST_COMMAND - 1)}…` : command
  } catch {
    return null
  }
}

/** The owner of a process as the kernel shows it: root for one that hides itself, also when it is not root's. */
export function shownOwner(pid: number): number | null {
  try {
    return statSync(`/proc/${pid}`).uid
  } catch {
    return null
  }
}

/** Whether a process has this user as its real, effective, saved or file system user. */
export function runsAs(pid: number, uid: number): boolean {
  try {
    const line = /^Uid:(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return line?.trim().split(/\s+/).includes(String(uid)) ?? false
  } catch {
    return false
  }
}

/** Name and start (clock ticks since boot) of a process, or null. */
export function nameAndStart(pid: number | 'self'): { readonly name: string; readonly start: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name may hold anything, parentheses too; what follows the last one is numbers, from the third field on.
    const end = text.lastIndexOf(')')
    return { name: text.slice(text.indexOf('(') + 1, end), start: Number(text.slice(end + 2).split(' ')[19]) }
  } catch {
    return null
  }
}
