import type { FoundFiles } from '../cluster/messages.ts'
import type { FilePath, NodeName, TaskDefinition, TaskName } from '../core/model.ts'
import { seenKey } from '../core/seen.ts'
import type { RunState } from '../core/state.ts'
import type { Fired } from '../triggers/trigger-source.ts'

/**
 * What agents have found on their nodes, on its way to work items: without what has one already, and in the batches of the
 * trigger, for each node by itself.
 */
export class NodeFiles {
  readonly #state: RunState
  readonly #fire: (fired: Fired, node: NodeName) => unknown
  readonly #batches = new Map<TaskName, Map<NodeName, FilePath[]>>()

  constructor(state: RunState, fire: (fired: Fired, node: NodeName) => unknown) {
    this.#state = state
    this.#fire = fire
  }

  found(node: NodeName, { task: name, files, version }: FoundFiles): void {
    const task = this.#state.tasks.get(name)
    if (!task?.definition) return
    const fresh = files.filter(file => !task.seen.has(seenKey(file, version, node)))
    if (version === null) this.#collect(task.definition, node, fresh)
    else if (fresh.length > 0) this.#fire({ task: name, files: fresh, version }, node)
  }

  /** Incomplete batches become items, too, where the trigger does not leave them to the next run. */
  flush(): void {
    for (const [task, batches] of this.#batches) {
      const trigger = this.#state.tasks.get(task)?.definition?.trigger
      if (trigger?.kind !== 'file-in' || trigger.flush === 'never') continue
      this.#batches.delete(task)
      for (const [node, files] of batches) this.#fire({ task, files, version: null }, node)
    }
  }

  #collect({ name, trigger }: TaskDefinition, node: NodeName, files: readonly FilePath[]): void {
    const size = trigger.kind === 'file-in' ? trigger.batchSize : 1
    const batches = this.#batches.get(name) ?? new Map<NodeName, FilePath[]>()
    this.#batches.set(name, batches)
    let batch = batches.get(node) ?? []
    batches.delete(node)
    for (const file of files) {
      batch.push(file)
      if (batch.length < size) continue
      this.#fire({ task: name, files: batch, version: null }, node)
      batch = []
    }
    if (batch.length > 0) batches.set(node, batch)
  }
}
