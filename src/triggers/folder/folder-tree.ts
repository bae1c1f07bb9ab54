import type { BigIntStats } from 'node:fs'
import { lstat, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { FilePath } from '../../core/model.ts'
import { pathToBytes } from '../../os/path-bytes.ts'
import type { NameFilter } from '../filter.ts'
import { errorCode } from '../once.ts'
import { FolderArrival } from './folder-arrival.ts'
import { listFolder } from './list-folder.ts'
import type { Volumes } from './network-file-system.ts'
import { isWithin, Places } from './places.ts'
import { type DirectoryWatch, watchDirectory } from './watch-directory.ts'

export interface FolderTreeOptions {
  /** Absolute. It need not exist yet, and may come and go. */
  readonly folder: FilePath
  readonly recursive: boolean
  readonly filter: NameFilter
  /** Only this name of the folder matters: the folder is watched, but never listed. */
  readonly only: string | null
  readonly volumes: Volumes
  /**
   * A name that passes the filter is there, perhaps a file; called again with every scan. `written`: it was only
   * written to. Answers whether it may still turn out to be a folder (false: known as a file).
   */
  found(path: FilePath, written: boolean): boolean
  /** Resolves when what was found has been looked at, so that its cost is known. */
  looked(): Promise<void>
  warn(text: string): void
}

/** Scans cost at most this share of a core in the long run, whatever the size of the folder. */
const SCAN_SHARE = 0.01
const MAX_PAUSE_MILLISECONDS = 60_000
/** With hints, scans are only for those that the kernel dropped (its queue overflows in silence). */
const HINTED_PAUSE_MILLISECONDS = 2000
const POLLED_PAUSE_MILLISECONDS = 1000

/**
 * Finds the files of a folder, and of its subfolders if asked to. The truth is its own scan; inotify (through chokidar) gives only
 * hints where to look, so that a lost, false or unreadable hint costs time and no file.
 *
 * Links to folders are followed, once: not those that lead to a place which is looked at anyway, or into a loop.
 */
export class FolderTree {
  readonly #options: FolderTreeOptions
  readonly #folders = new Map<FilePath, Folder>()
  /** To scan; true: with all that is below, false: what is known below may stay. */
  readonly #queue = new Map<FilePath, boolean>()
  readonly #places = new Places()
  readonly #arrival: FolderArrival
  #worker: Promise<void> | null = null
  #polled = false
  #timer: NodeJS.Timeout | undefined
  #closed = false
  #hasScanned = false

  constructor(options: FolderTreeOptions) {
    this.#options = options
    const { folder, volumes } = options
    this.#arrival = new FolderArrival({ folder, volumes, mayBeThere: () => this.#enqueue(folder, true) })
  }

  start(): void {
    void this.#rescan()
  }

  /** All that was there at the start has been found. */
  get hasScanned(): boolean {
    return this.#hasScanned
  }

  /** Looks at everything once more. */
  async scan(): Promise<void> {
    this.#enqueue(this.#options.folder, true)
    // Those that are gone are not found from above.
    for (const path of this.#folders.keys()) this.#enqueue(path, true)
    while (this.#worker !== null) await this.#worker
    this.#hasScanned = true
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    for (const path of [...this.#folders.keys()]) this.#forget(path)
    await this.#arrival.stop()
  }

  async #rescan(): Promise<void> {
    const before = process.cpuUsage()
    await this.scan()
    await this.#options.looked()
    if (this.#closed) return
    const { user, system } = process.cpuUsage(before)
    const least =
      this.#polled || !this.#folders.has(this.#options.folder)
        ? POLLED_PAUSE_MILLISECONDS
        : HINTED_PAUSE_MILLISECONDS
    const pause = Math.min(MAX_PAUSE_MILLISECONDS, Math.max(least, (user + system) / 1000 / SCAN_SHARE))
    this.#timer = setTimeout(() => void this.#rescan(), pause)
  }

  #enqueue(path: FilePath, deep: boolean): void {
    if (this.#closed) return
    this.#queue.set(path, deep || this.#queue.get(path) === true)
    this.#worker ??= this.#workOff()
  }

  async #workOff(): Promise<void> {
    // The caller's assignment comes first, also when there is nothing to wait for below.
    await Promise.resolve()
    for (const [path, deep] of this.#queue) {
      this.#queue.delete(path)
      if (this.#closed) break
      try {
        await this.#scanFolder(path, deep)
      } catch (error) {
        this.#onError(path, errorCode(error))
      }
    }
    this.#worker = null
    if (this.#queue.size > 0 && !this.#closed) this.#worker = this.#workOff()
  }

  async #scanFolder(path: FilePath, deep: boolean): Promise<void> {
    const stats = await stat(pathToBytes(path), { bigint: true })
    if (!stats.isDirectory()) return this.#onError(path, 'ENOTDIR')
    const folder = await this.#enter(path, stats)
    if (path === this.#options.folder) {
      await this.#arrival.stop()
      if (this.#options.recursive) await this.#places.claim(path)
    }
    const began = performance.now()
    if (this.#options.only !== null) this.#found(childOf(path, this.#options.only), false)
    else await this.#list(path, folder, deep)
    folder.notBefore = performance.now() + (performance.now() - began) / SCAN_SHARE / 2
  }

  /** The hints begin before the listing, so that nothing falls between the two. */
  async #enter(path: FilePath, { dev, ino, birthtimeNs }: BigIntStats): Promise<Folder> {
    // A number of a folder that was removed is soon given to another one.
    const id = `${dev}:${ino}:${birthtimeNs}`
    const known = this.#folders.get(path)
    if (known?.id === id) return known
    // Made again under the same name: the old watch is on the one that is gone.
    this.#forget(path)
    const onNetwork = await this.#options.volumes.isNetwork(dev, path)
    const folder: Folder = { id, onNetwork, watch: null, notBefore: 0, timer: undefined }
    this.#folders.set(path, folder)
    if (!onNetwork) folder.watch = await watchDirectory(path, this.#hintsFor(path))
    if (folder.watch === null) this.#polled = true
    if (this.#closed || this.#folders.get(path) !== folder) void folder.watch?.close()
    return folder
  }

  async #list(path: FilePath, folder: Folder, deep: boolean): Promise<void> {
    const unsure: FilePath[] = []
    for await (const { name, kind } of listFolder(path, folder.onNetwork)) {
      if (this.#closed) return
      const child = childOf(path, name)
      if (kind === 'other') continue
      if (kind === 'folder') {
        this.#descend(child, deep)
        continue
      }
      const mayBeFolder = this.#foundFile(child)
      if (mayBeFolder && kind !== 'file') unsure.push(child)
    }
    // Sorted, since of two links to one folder the first is followed: the same one in every run.
    if (this.#options.recursive) for (const child of unsure.sort()) await this.#descendUnsure(child, deep)
  }

  /** Whether it may be a folder as well. A name that is not wanted for a file may be wanted for a folder. */
  #foundFile(path: FilePath): boolean {
    return this.#options.filter.file(this.#below(path)) ? this.#found(path, false) : true
  }

  #found(path: FilePath, written: boolean): boolean {
    return this.#options.found(path, written)
  }

  #descend(path: FilePath, deep: boolean): void {
    if (!this.#options.recursive || !this.#options.filter.folder(this.#below(path))) return
    if (deep || !this.#folders.has(path)) this.#enqueue(path, true)
  }

  async #descendUnsure(path: FilePath, deep: boolean): Promise<void> {
    if (!this.#options.filter.folder(this.#below(path))) return
    const stats = await lstat(pathToBytes(path)).catch(() => null)
    if (stats?.isDirectory()) this.#descend(path, deep)
    if (!stats?.isSymbolicLink()) return
    const target = await stat(pathToBytes(path)).catch(() => null)
    if (target?.isDirectory() && (await this.#places.claim(path))) this.#descend(path, deep)
  }

  #hintsFor(path: FilePath) {
    return {
      changed: (name: string | null, entry: boolean) => this.#onHint(path, name, entry),
      failed: (code: string) => this.#onUnwatchable(path, code),
    }
  }

  #onHint(folder: FilePath, name: string | null, entry: boolean): void {
    if (this.#closed) return
    // Also what a folder says of itself when it is removed or renamed.
    if (name === null || (entry && name === basename(folder))) this.#scanSoon(folder)
    if (name === null || (this.#options.only !== null && name !== this.#options.only)) return
    const path = childOf(folder, name)
    const wanted = this.#options.only !== null || this.#options.filter.file(this.#below(path))
    const unsure = wanted ? this.#found(path, !entry) : true
    if (entry && unsure && this.#options.recursive) void this.#onEntry(path)
  }

  /** A name came or went: if it is, or was, a folder, its content came or went with it. */
  async #onEntry(path: FilePath): Promise<void> {
    try {
      if (this.#folders.has(path)) this.#enqueue(path, true)
      else await this.#descendUnsure(path, true)
    } catch (error) {
      this.#onError(path, errorCode(error))
    }
  }

  /** Not more often than its cost allows. */
  #scanSoon(path: FilePath): void {
    const folder = this.#folders.get(path)
    if (folder === undefined || folder.timer !== undefined) return
    const scan = () => {
      folder.timer = undefined
      this.#enqueue(path, false)
    }
    folder.timer = setTimeout(scan, Math.max(0, folder.notBefore - performance.now()))
  }

  #onUnwatchable(path: FilePath, code: string): void {
    this.#polled = true
    // What the scan says about such a folder tells more.
    if (code === 'EACCES' || code === 'EPERM') return
    if (code !== 'ENOSPC') this.#scanSoon(path)
    const advice =
      code === 'ENOSPC'
        ? ' (all inotify watches of this user are taken, see fs.inotify.max_user_watches)'
        : ''
    this.#options.warn(
      `${this.#options.folder}: not every folder can be watched: ${code}${advice}; odop looks for files from time to time instead`,
    )
  }

  #onError(path: FilePath, code: string): void {
    const gone = code === 'ENOENT' || code === 'ENOTDIR'
    if (gone) this.#forget(path)
    if (path === this.#options.folder) void this.#arrival.wait()
    if (code === 'ENOENT' || (gone && path !== this.#options.folder)) return
    this.#options.warn(
      `${path} ${ADVICE[code] ?? `can't be read: ${code}`}; its files do not fire until then`,
    )
  }

  #forget(path: FilePath): void {
    const folder = this.#folders.get(path)
    if (folder === undefined) return
    clearTimeout(folder.timer)
    void folder.watch?.close()
    this.#folders.delete(path)
    this.#places.release(path)
    for (const below of [...this.#folders.keys()]) if (isWithin(below, path)) this.#forget(below)
  }

  #below(path: FilePath): string {
    const { folder } = this.#options
    return path.slice(folder.endsWith('/') ? folder.length : folder.length + 1)
  }
}

interface Folder {
  /** Tells it from another one that is made later under the same name. */
  readonly id: string
  readonly onNetwork: boolean
  watch: DirectoryWatch | null
  /** The next scan for a hint may begin then (`performance.now()`). */
  notBefore: number
  timer: NodeJS.Timeout | undefined
}

const ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'may not be read: give yourself permission (chmod u+rx)',
  EPERM: 'may not be read: give yourself permission (chmod u+rx)',
  ENOTDIR: 'is not a folder: remove it or name another one in the trigger',
  ELOOP: 'is a link that leads back to itself: correct it',
}

function childOf(folder: FilePath, name: string): FilePath {
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`
}
