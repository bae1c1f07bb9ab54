import { stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FilePath, FileUpdatedTrigger } from '../core/model.ts'
import { pathToBytes } from '../os/path-bytes.ts'
import { CompletionQueue } from './completeness/completion-queue.ts'
import { type FileTools, fileTools } from './file-tools.ts'
import { nameFilter } from './filter.ts'
import { FolderTree, type FolderTreeOptions } from './folder/folder-tree.ts'
import { onceEach } from './once.ts'
import type { TriggerContext, TriggerSource } from './trigger-source.ts'
import { incompleteTexts, sayUnfinished } from './unfinished.ts'

const PATIENCE_SECONDS = 2

/**
 * Fires for each version of a file, or of any file of a folder that passes the filter, that is complete. Versions that were written
 * over before anybody could see them complete are left out: only the latest counts.
 */
export function startFileUpdated(
  context: TriggerContext,
  trigger: FileUpdatedTrigger,
  tools: FileTools = fileTools(),
): TriggerSource {
  const source = new FileUpdated(context, trigger, tools)
  source.start()
  return source
}

class FileUpdated implements TriggerSource {
  readonly #context: TriggerContext
  readonly #trigger: FileUpdatedTrigger
  readonly #tools: FileTools
  readonly #path: FilePath
  /** The version of each file that fired last. */
  readonly #fired = new Map<FilePath, string>()
  readonly #queue: CompletionQueue
  readonly #warn: (text: string) => void
  /** The path as a file of its parent. */
  readonly #asFile: FolderTree
  /** The path as a folder, once it was seen to be one. */
  #asFolder: FolderTree | null = null
  /** Questions whether the path is a folder that have no answer yet. */
  #opening = 0
  #closed = false

  constructor(context: TriggerContext, trigger: FileUpdatedTrigger, tools: FileTools) {
    this.#context = context
    this.#trigger = trigger
    this.#tools = tools
    this.#path = resolve(context.cwd, trigger.path)
    this.#warn = onceEach(context.warn)
    this.#queue = new CompletionQueue({
      ...tools,
      settleSeconds: trigger.settleSeconds,
      wanted: (path, version) => this.#isWanted(path, version),
      complete: (path, version) => this.#onComplete(path, version),
      warn: this.#warn,
    })
    this.#asFile = this.#tree({
      folder: dirname(this.#path),
      recursive: false,
      only: basename(this.#path),
      found: (path, written) => {
        void this.#openIfFolder()
        return this.#onFound(path, written)
      },
    })
  }

  start(): void {
    this.#asFile.start()
  }

  async flush(): Promise<void> {
    await this.look()
    const unfinished = await this.#queue.idle((this.#trigger.settleSeconds + PATIENCE_SECONDS) * 1000)
    if (!this.#closed) sayUnfinished(this.#context.task.name, unfinished, this.#warn)
  }

  async look(): Promise<void> {
    await this.#asFile.scan()
    await this.#openIfFolder()
    await this.#asFolder?.scan()
    await nextTurn()
  }

  isBusy(): boolean {
    const folderIsKnown = this.#opening === 0 && (this.#asFolder?.hasScanned ?? true)
    return !this.#asFile.hasScanned || !folderIsKnown || this.#queue.isBusy
  }

  async waitsFor(): Promise<readonly string[]> {
    return incompleteTexts(await this.#queue.unfinished(), this.#trigger.settleSeconds)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#queue.close()
    await this.#asFile.close()
    await this.#asFolder?.close()
  }

  #tree(options: Pick<FolderTreeOptions, 'folder' | 'recursive' | 'only' | 'found'>): FolderTree {
    return new FolderTree({
      ...options,
      filter: nameFilter(this.#trigger.filter, this.#warn),
      volumes: this.#tools.volumes,
      looked: () => this.#queue.looked(),
      warn: this.#warn,
    })
  }

  async #openIfFolder(): Promise<void> {
    if (this.#asFolder !== null) return
    this.#opening += 1
    const stats = await stat(pathToBytes(this.#path)).catch(() => null)
    this.#opening -= 1
    if (this.#closed || this.#asFolder !== null || !stats?.isDirectory()) return
    this.#asFolder = this.#tree({
      folder: this.#path,
      recursive: this.#trigger.recursive,
      only: null,
      found: (path, written) => this.#onFound(path, written),
    })
    this.#asFolder.start()
  }

  #onFound(path: FilePath, written: boolean): boolean {
    if (written) this.#queue.written(path)
    else this.#queue.look(path)
    return !this.#fired.has(path)
  }

  #isWanted(path: FilePath, version: string): boolean {
    return this.#fired.get(path) !== version && !this.#context.seen.has(`${path}\0${version}`)
  }

  #onComplete(path: FilePath, version: string): void {
    this.#fired.set(path, version)
    this.#context.fire({ task: this.#context.task.name, files: [path], version })
  }
}
