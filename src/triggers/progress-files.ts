import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { FilePath } from '../core/model.ts'
import { pathToBytes } from '../os/path-bytes.ts'
import { nameFilter } from './filter.ts'
import { FolderTree } from './folder/folder-tree.ts'
import { Volumes } from './folder/network-file-system.ts'
import { globParts } from './glob-folder.ts'
import { onceEach } from './once.ts'

export interface ProgressFilesOptions {
  /** Absolute. */
  readonly glob: string
  readonly now: () => number
  /** A file that matches was made, or written to: milliseconds since the epoch at which that was. */
  readonly stepped: (at: number) => void
  readonly warn: (text: string) => void
}

export interface ProgressFiles {
  close(): Promise<void>
}

/** Tells of each file of a glob that changes: by its own time, so that it does not matter when odop gets to see it. */
export function watchProgress(options: ProgressFilesOptions): ProgressFiles {
  const startedAt = options.now()
  const versions = new Map<FilePath, string>()
  const asked = new Set<FilePath>()
  let looks: Promise<void>[] = []
  let closed = false

  const look = async (path: FilePath) => {
    const stats = await stat(pathToBytes(path), { bigint: true }).catch(() => null)
    asked.delete(path)
    if (closed || stats === null || !stats.isFile()) return
    const version = `${stats.ino}:${stats.mtimeNs}:${stats.size}`
    if (versions.get(path) === version) return
    versions.set(path, version)
    const writtenAt = Number(stats.mtimeNs) / 1e6
    // What was there before the launch is no step of this application.
    if (writtenAt >= startedAt - CLOCKS_DIFFER_MILLISECONDS) options.stepped(timeOf(writtenAt, options.now()))
  }
  const { base, glob } = globParts(options.glob)
  const tree = new FolderTree({
    folder: glob === '' ? dirname(base) : base,
    recursive: glob.includes('/'),
    filter: nameFilter(glob === '' ? null : { kind: 'glob', pattern: glob }, options.warn),
    only: glob === '' ? basename(base) : null,
    volumes: new Volumes(),
    found: path => {
      if (!asked.has(path)) {
        asked.add(path)
        looks.push(look(path))
      }
      return !versions.has(path)
    },
    looked: async () => {
      const waiting = looks
      looks = []
      await Promise.all(waiting)
    },
    warn: onceEach(text => options.warn(`progress: ${text}`)),
  })
  tree.start()
  return {
    async close() {
      closed = true
      await tree.close()
    },
  }
}

/** A file server's clock may be another one than ours: then the time at which the change is seen must do. */
const CLOCKS_DIFFER_MILLISECONDS = 5000

function timeOf(writtenAt: number, now: number): number {
  return writtenAt <= now && now - writtenAt < CLOCKS_DIFFER_MILLISECONDS ? writtenAt : now
}
