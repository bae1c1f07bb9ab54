import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { FileInTrigger, FilePath } from '../core/model.ts'
import { pathToBytes } from '../os/path-bytes.ts'
import { CompletionQueue } from './completeness/completion-queue.ts'
import { type FileTools, fileTools } from './file-tools.ts'
import { nameFilter } from './filter.ts'
import { FolderTree, type FolderTreeOptions } from './folder/folder-tree.ts'
import { globFilter, globParts, isGlob } from './glob-folder.ts'
import { onceEach } from './once.ts'
import type { TriggerContext, TriggerSource } from './trigger-source.ts'
import { incompleteTexts, sayUnfinished } from './unfinished.ts'

/** Files that are still open at the end get so much longer than the settle time. */
const PATIENCE_SECONDS = 2

/** Fires once for each file of a folder when it is complete, in groups of the batch size. */
export function startFileIn(
  context: TriggerContext,
  trigger: FileInTrigger,
  tools: FileTools = fileTools(),
): TriggerSource {
  const source = new FileIn(context, trigger, tools)
  source.start()
  return source
}

class FileIn implements TriggerSource {
  readonly #context: TriggerContext
  readonly #trigger: FileInTrigger
  readonly #fired = new Set<FilePath>()
  readonly #queue: CompletionQueue
  readonly #tree: FolderTree
  readonly #warn: (text: string) => void
  #batch: FilePath[] = []
  #closed = false

  constructor(context: TriggerContext, trigger: FileInTrigger, tools: FileTools) {
    this.#context = context
    this.#trigger = trigger
    this.#warn = onceEach(context.warn)
    this.#queue = new CompletionQueue({
      ...tools,
      settleSeconds: trigger.settleSeconds,
      wanted: path => !this.#isDone(path),
      complete: path => this.#onComplete(path),
      warn: this.#warn,
    })
    this.#tree = new FolderTree({
      ...this.#place(),
      only: null,
      volumes: tools.volumes,
      found: (path, written) => this.#onFound(path, written),
      looked: () => this.#queue.looked(),
      warn: this.#warn,
    })
  }

  /** A pattern is looked for below the folder that is certain. */
  #place(): Pick<FolderTreeOptions, 'folder' | 'recursive' | 'filter'> {
    const { folder, recursive, filter } = this.#trigger
    const { cwd } = this.#context
    const inner = nameFilter(filter, this.#warn)
    if (!isGlob(folder)) return { folder: resolve(cwd, folder), recursive, filter: inner }
    const { base, glob } = globParts(folder)
    return { folder: resolve(cwd, base), recursive: true, filter: globFilter({ glob, recursive, inner }) }
  }

  start(): void {
    this.#tree.start()
  }

  async flush({ incompleteBatches }: { readonly incompleteBatches: boolean }): Promise<void> {
    await this.look()
    const unfinished = await this.#queue.idle((this.#trigger.settleSeconds + PATIENCE_SECONDS) * 1000)
    if (this.#closed) return
    sayUnfinished(this.#context.task.name, unfinished, this.#warn)
    if (incompleteBatches && this.#trigger.flush === 'end' && this.#batch.length > 0) this.#fireBatch()
  }

  async waitsFor(): Promise<readonly string[]> {
    const { batchSize, settleSeconds } = this.#trigger
    const incomplete = incompleteTexts(await this.#queue.unfinished(), settleSeconds)
    if (this.#batch.length === 0) return [...(await missingText(this.#place().folder)), ...incomplete]
    return [
      `${this.#batch.length} of the ${batchSize} files of the next work item are complete`,
      ...incomplete,
    ]
  }

  async look(): Promise<void> {
    await this.#tree.scan()
    await nextTurn()
  }

  isBusy(): boolean {
    return !this.#tree.hasScanned || this.#queue.isBusy
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#queue.close()
    await this.#tree.close()
  }

  #isDone(path: FilePath): boolean {
    return this.#fired.has(path) || this.#context.seen.has(path)
  }

  #onFound(path: FilePath, written: boolean): boolean {
    if (this.#isDone(path)) return false
    if (written) this.#queue.written(path)
    else this.#queue.look(path)
    return true
  }

  #onComplete(path: FilePath): void {
    this.#fired.add(path)
    this.#batch.push(path)
    if (this.#batch.length >= this.#trigger.batchSize) this.#fireBatch()
  }

  #fireBatch(): void {
    const files = this.#batch
    this.#batch = []
    this.#context.fire({ task: this.#context.task.name, files, version: null })
  }
}

/** A mistake in its name would be waited for in silence. */
async function missingText(folder: FilePath): Promise<string[]> {
  const code = await stat(pathToBytes(folder)).then(
    stats => (stats.isDirectory() ? null : 'ENOTDIR'),
    (error: NodeJS.ErrnoException) => error.code,
  )
  if (code === 'ENOENT')
    return [`there is no folder ${JSON.stringify(folder)} yet, and files in it are its trigger`]
  return code === 'ENOTDIR'
    ? [`${JSON.stringify(folder)} is not a folder, and files in it would be its trigger`]
    : []
}
