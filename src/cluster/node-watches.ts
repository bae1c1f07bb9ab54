import type { FilePath, TaskDefinition, TaskName } from '../core/model.ts'
import type { Fired, TriggerSource } from '../triggers/trigger-source.ts'
import type { FromAgent, Watch } from './messages.ts'

/** Bounds a message: a folder may hold 100,000 files at the start. */
const MOST_FILES = 500

const NO_SOURCE: TriggerSource = { flush: async () => {}, close: async () => {} }
const NOTHING: Pick<ReadonlySet<string>, 'has'> = { has: () => false }

/** What an agent watches on its node. Tells of each file that is complete once, as long as the agent lives. */
export class NodeWatches {
  readonly #tell: (message: FromAgent) => void
  readonly #sources: Promise<TriggerSource>[] = []
  /** What was found in this turn of the event loop, to be told of together. */
  readonly #found = new Map<TaskName, FilePath[]>()

  constructor(tell: (message: FromAgent) => void) {
    this.#tell = tell
  }

  watch(watch: Watch): void {
    const failed = (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error)
      this.#warn(watch, `its trigger can't be started: ${reason}`)
      return NO_SOURCE
    }
    this.#sources.push(this.#open(watch).catch(failed))
  }

  /** Answers when all that is complete by now has been told of. Never rejects. */
  async flush(id: number): Promise<void> {
    const sources = await Promise.all(this.#sources)
    await Promise.allSettled(sources.map(source => source.flush({ incompleteBatches: true })))
    this.#tellFound()
    this.#tell({ type: 'flushed', id })
  }

  async close(): Promise<void> {
    const sources = await Promise.all(this.#sources)
    await Promise.allSettled(sources.map(source => source.close()))
  }

  async #open(watch: Watch): Promise<TriggerSource> {
    // Loaded only where something is watched: agents start in a hurry.
    const { startTrigger } = await import('../triggers/start-trigger.ts')
    return startTrigger({
      task: oneByOne(watch.task),
      cwd: watch.cwd,
      seen: NOTHING,
      fire: fired => this.#fired(fired),
      warn: text => this.#warn(watch, text),
    })
  }

  #warn({ task }: Watch, text: string): void {
    this.#tell({ type: 'warning', text: `${task.name}: ${text}` })
  }

  #fired({ task, files, version }: Fired): void {
    if (version !== null) {
      this.#tell({ type: 'fired', found: { task, files, version } })
      return
    }
    if (this.#found.size === 0) setImmediate(() => this.#tellFound())
    const found = this.#found.get(task) ?? []
    found.push(...files)
    this.#found.set(task, found)
    if (found.length >= MOST_FILES) this.#tellFound()
  }

  #tellFound(): void {
    for (const [task, files] of this.#found) {
      this.#tell({ type: 'fired', found: { task, files, version: null } })
    }
    this.#found.clear()
  }
}

/** Which files make a batch depends on which have a work item already: the supervisor puts them together. */
function oneByOne(task: TaskDefinition): TaskDefinition {
  const { trigger } = task
  return trigger.kind === 'file-in' ? { ...task, trigger: { ...trigger, batchSize: 1 } } : task
}
