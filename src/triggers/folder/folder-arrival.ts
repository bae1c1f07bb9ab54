import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { FilePath } from '../../core/model.ts'
import { pathToBytes } from '../../os/path-bytes.ts'
import type { Volumes } from './network-file-system.ts'
import { type DirectoryWatch, watchDirectory } from './watch-directory.ts'

export interface FolderArrivalOptions {
  readonly folder: FilePath
  readonly volumes: Volumes
  mayBeThere(): void
}

/**
 * Tells when a folder that does not exist may have been made, by watching its nearest existing parent. Only a hint: on network
 * file systems there is none, so the caller has to look from time to time as well.
 */
export class FolderArrival {
  readonly #options: FolderArrivalOptions
  #waiting: { readonly parent: FilePath; watch: DirectoryWatch | null } | null = null

  constructor(options: FolderArrivalOptions) {
    this.#options = options
  }

  /** To be called again each time that the folder is still not there: its nearest parent may be another one now. */
  async wait(): Promise<void> {
    const parent = await nearestFolder(dirname(this.#options.folder))
    if (this.#waiting?.parent === parent.path) return
    await this.stop()
    const waiting = { parent: parent.path, watch: null as DirectoryWatch | null }
    this.#waiting = waiting
    if (parent.device === null || (await this.#options.volumes.isNetwork(parent.device, parent.path))) return
    waiting.watch = await watchDirectory(parent.path, {
      changed: (_, entry) => {
        if (entry && this.#waiting === waiting) this.#options.mayBeThere()
      },
      failed: () => undefined,
    })
    if (this.#waiting !== waiting) await waiting.watch?.close()
    // It may have been made before the watch began.
    else this.#options.mayBeThere()
  }

  async stop(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = null
    await waiting?.watch?.close()
  }
}

async function nearestFolder(
  path: FilePath,
): Promise<{ readonly path: FilePath; readonly device: bigint | null }> {
  for (let at = path; ; at = dirname(at)) {
    const stats = await stat(pathToBytes(at), { bigint: true }).catch(() => null)
    if (stats?.isDirectory()) return { path: at, device: stats.dev }
    if (at === dirname(at)) return { path: at, device: null }
  }
}
