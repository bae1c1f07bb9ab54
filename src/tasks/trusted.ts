import { lstatSync, readFileSync, type Stats, statSync } from 'node:fs'
import { lstat, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'

/** Why a file or folder can't be trusted with code that odop would execute, and what to do. */
export interface Distrust {
  readonly message: string
  readonly fix: string
}

/**
 * Somebody else who can write a task module (or put one into its folder) could execute code as this user. Trusted is
 * what belongs to the user or to root and that only they can write. A group may write too when it is the user's private
 * group: it has the user's number and no other members. Links are followed. Throws what `stat` throws.
 */
export function distrust(file: string): Distrust | null {
  const link = lstatSync(file)
  return judged(file, link, link.isSymbolicLink() ? statSync(file) : link)
}

/** The same without waiting for the file system. Rejects with what `stat` throws. */
export async function askDistrust(file: string): Promise<Distrust | null> {
  const link = await lstat(file)
  return judged(file, link, link.isSymbolicLink() ? await stat(file) : link)
}

function judged(file: string, link: Stats, target: Stats): Distrust | null {
  return foreignOwner(file, link) ?? foreignOwner(file, target) ?? openToOthers(file, target)
}

function foreignOwner(file: string, stats: Stats): Distrust | null {
  const self = process.getuid?.()
  if (self === undefined || stats.uid === self || stats.uid === 0) return null
  return {
    message: `it belongs to another user (uid ${stats.uid}), who can write it: it would run their code`,
    fix: `use a copy of your own: cp -r ${shellQuoted(file)} …`,
  }
}

function openToOthers(file: string, stats: Stats): Distrust | null {
  // In a folder with the sticky bit others can't replace a file that is not theirs; what they add is refused by its owner.
  if (stats.isDirectory() && (stats.mode & 0o1000) !== 0) return null
  const others = (stats.mode & 0o002) !== 0
  const group = (stats.mode & 0o020) !== 0 && !isPrivateGroup(stats.gid)
  if (!others && !group) return null
  const who = others ? 'others' : `others (members of group ${stats.gid})`
  return {
    message: `${who} can write it: it would run their code`,
    fix: `chmod go-w ${shellQuoted(file)}`,
  }
}

function isPrivateGroup(gid: number): boolean {
  if (gid !== process.getuid?.()) return false
  const entry = groupEntry(gid)
  if (entry === null) return true
  const members = entry.split(':')[3]?.split(',') ?? []
  const { username } = userInfo()
  return members.every(member => member === '' || member === username)
}

/** The group's line in `/etc/group`; null for groups that are kept elsewhere. */
function groupEntry(gid: number): string | null {
  try {
    const lines = readFileSync('/etc/group', 'utf8').split('\n')
    return lines.find(line => line.split(':')[2] === String(gid)) ?? null
  } catch {
    return null
  }
}

/** A path as a shell's word. */
export function shellQuoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
