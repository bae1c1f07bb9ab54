import { realpath } from 'node:fs/promises'
import type { FilePath } from '../../core/model.ts'
import { bytesToPath, pathToBytes } from '../../os/path-bytes.ts'

/** Real places that a tree of folders covers, so that links lead neither into a loop nor twice to the same files. */
export class Places {
  /** Real path, and the path by which it was reached. */
  readonly #claimed = new Map<FilePath, FilePath>()

  /** False: what is there is, or contains, or lies in, a place that is reached by another path. */
  async claim(path: FilePath): Promise<boolean> {
    const real = bytesToPath(await realpath(pathToBytes(path), { encoding: 'buffer' }))
    for (const [claimed, by] of this.#claimed) {
      if (by !== path && (isWithin(real, claimed) || isWithin(claimed, real))) return false
    }
    this.#claimed.set(real, path)
    return true
  }

  release(path: FilePath): void {
    for (const [real, by] of this.#claimed) if (by === path) this.#claimed.delete(real)
  }
}

export function isWithin(path: FilePath, folder: FilePath): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}
