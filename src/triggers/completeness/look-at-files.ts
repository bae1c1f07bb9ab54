import { type BigIntStats, stat } from 'node:fs'
import type { FilePath } from '../../core/model.ts'
import { pathToBytes } from '../../os/path-bytes.ts'

/** What one `stat` says about a path; `stats` is null when it can't be had, and `code` says why. */
export interface Look {
  readonly path: FilePath
  readonly stats: BigIntStats | null
  readonly code: string | null
}

/** Calls under way at a time; the thread pool of Node has four threads, so more would only wait. */
const CONCURRENT = 32

/** Follows links. With callbacks, since half of the time of 100,000 such promises is the promises. */
export function lookAtFiles(paths: readonly FilePath[]): Promise<Look[]> {
  const looks: Look[] = []
  let next = 0
  return new Promise(resolve => {
    const lookAtNext = () => {
      const path = paths[next++]
      if (path === undefined) return
      stat(pathToBytes(path), { bigint: true }, (error, stats) => {
        looks.push(
          error === null ? { path, stats, code: null } : { path, stats: null, code: error.code ?? '' },
        )
        if (looks.length === paths.length) resolve(looks)
        else lookAtNext()
      })
    }
    if (paths.length === 0) resolve(looks)
    for (let started = 0; started < CONCURRENT; started++) lookAtNext()
  })
}

/** Which version of a file this is: `mtimeNs:size`. */
export function versionOf(stats: BigIntStats): string {
  return `${stats.mtimeNs}:${stats.size}`
}
