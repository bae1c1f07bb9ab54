import { statfs } from 'node:fs/promises'
import type { FilePath } from '../../core/model.ts'
import { pathToBytes } from '../../os/path-bytes.ts'

/**
 * File systems that other nodes write to as well, by `statfs` type: neither inotify nor /proc of this node sees
 * everything that happens there. From linux/magic.h and statfs(2); those outside the kernel from GNU coreutils, src/stat.c.
 */
const NETWORK_TYPES: ReadonlySet<number> = new Set([
  0x6969, // NFS
  0x0bd00bd0, // Lustre
  0x47504653, // GPFS (Storage Scale)
  0x19830326, // BeeGFS
  0xff534d42, // CIFS
  0xfe534d42, // SMB2
  0x517b, // SMB
  0x00c36400, // CephFS
  0x65735546, // FUSE: sshfs, and most user-space file systems of clusters
  0x01021997, // 9P
  0x5346414f, // OpenAFS
  0x6b414653, // kAFS
  0x73757245, // Coda
  0x7461636f, // OCFS2
  0x01161970, // GFS2
  0x20030528, // OrangeFS
  0xaad7aaea, // PanFS
  0x564c, // NCP
])

/** Types of /proc/mounts that mean the same; everything in user space begins with `fuse`. */
const NETWORK_NAMES =
  /^(nfs|lustre|gpfs|beegfs|cifs|smb|ceph|fuse|9p|afs|coda|ocfs2|gfs2|orangefs|pvfs|panfs|ncp|wekafs|dvs|autofs)/

/** Whether a path is on a network file system. A path that can't be asked counts as one: that is the careful answer. */
export async function isOnNetwork(path: FilePath): Promise<boolean> {
  try {
    // Some are sign-extended on 32-bit fields.
    return NETWORK_TYPES.has(Number(BigInt.asUintN(32, BigInt((await statfs(pathToBytes(path))).type))))
  } catch {
    return true
  }
}

/** Remembers the answer for each device, since files ask one by one. */
export class Volumes {
  readonly #network = new Map<bigint, Promise<boolean>>()
  readonly #ask: (path: FilePath) => Promise<boolean>

  constructor(ask: (path: FilePath) => Promise<boolean> = isOnNetwork) {
    this.#ask = ask
  }

  isNetwork(device: bigint, path: FilePath): Promise<boolean> {
    const known = this.#network.get(device)
    if (known !== undefined) return known
    const asked = this.#ask(path)
    this.#network.set(device, asked)
    return asked
  }
}

/** Tells by the path alone, without a call that a dead server could hold up, whether it is on a network file system. */
export class MountTable {
  readonly #mounts: readonly Mount[]

  /** `text`: /proc/self/mounts. */
  constructor(text: string) {
    // The innermost mount decides, and of two at the same place the later one, which hides the other.
    this.#mounts = text
      .split('\n')
      .flatMap(parseMount)
      .reverse()
      .sort((a, b) => b.below.length - a.below.length)
  }

  isNetwork(path: string): boolean {
    return this.#mounts.find(mount => path.startsWith(mount.below))?.network ?? false
  }
}

interface Mount {
  readonly below: string
  readonly network: boolean
}

function parseMount(line: string): Mount[] {
  const [, escaped, type] = line.split(' ')
  if (escaped === undefined || type === undefined) return []
  const point = escaped.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))
  return [{ below: point.endsWith('/') ? point : `${point}/`, network: NETWORK_NAMES.test(type) }]
}
