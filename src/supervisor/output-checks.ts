import path from 'node:path'
import type { FilePath, ItemId, NodeName, TaskDefinition, TaskName } from '../core/model.ts'
import { areUpToDate, outputsOf } from '../tasks/outputs.ts'
import type { Fired } from '../triggers/trigger-source.ts'
import { within } from './within.ts'

/** So many are looked at together: a few thousand a second, and the threads that wait for file systems are never all taken for long. */
const AT_ONCE = 32
/** A file system that does not answer must not keep work: it is then carried out. */
const ANSWER_MILLISECONDS = 5_000

export interface OutputChecksOptions {
  readonly cwd: string
  /** In the order in which they came. `outputs`: the item is done, because these are there; null: it is not. */
  readonly checked: (fired: Fired, node: NodeName | null, outputs: readonly FilePath[] | null) => void
}

interface Check {
  readonly fired: Fired
  readonly node: NodeName | null
  readonly outputs: readonly FilePath[]
}

/** Before an item is queued: whether its outputs are there and newer than its inputs, as far as patterns say what they are. */
export class OutputChecks {
  readonly #options: OutputChecksOptions
  readonly #waiting: Check[] = []
  readonly #tasks = new Map<TaskName, number>()
  readonly #completions = new Map<TaskName, Set<ItemId>>()
  #worker: Promise<void> | null = null

  constructor(options: OutputChecksOptions) {
    this.#options = options
  }

  /** False: there is nothing to look at, and the item can be queued at once. */
  add(fired: Fired, node: NodeName | null, task: TaskDefinition): boolean {
    if (task.outputs?.kind !== 'patterns' || fired.files.length === 0) return false
    const cwd = path.resolve(this.#options.cwd, task.cwd ?? '.')
    const outputs = outputsOf(task.outputs.patterns, fired.files, cwd)
    this.#waiting.push({ fired, node, outputs })
    this.#tasks.set(fired.task, (this.#tasks.get(fired.task) ?? 0) + 1)
    if (fired.after !== undefined) this.#completionsOf(fired.task).add(fired.after)
    this.#worker ??= this.#workOff()
    return true
  }

  isBusy(task: TaskName): boolean {
    return this.#tasks.has(task)
  }

  /** Whether an item for this completion is on its way. */
  has(task: TaskName, completion: ItemId): boolean {
    return this.#completions.get(task)?.has(completion) === true
  }

  async idle(): Promise<void> {
    while (this.#worker !== null) await this.#worker
  }

  async #workOff(): Promise<void> {
    // The caller's assignment comes first.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const checks = this.#waiting.splice(0, AT_ONCE)
      const answers = await Promise.all(checks.map(check => isDone(check)))
      for (const [at, check] of checks.entries()) this.#tell(check, answers[at] === true)
    }
    this.#worker = null
  }

  #tell({ fired, node, outputs }: Check, done: boolean): void {
    const left = (this.#tasks.get(fired.task) ?? 1) - 1
    if (left === 0) this.#tasks.delete(fired.task)
    else this.#tasks.set(fired.task, left)
    this.#options.checked(fired, node, done ? outputs : null)
    if (fired.after !== undefined) this.#completionsOf(fired.task).delete(fired.after)
  }

  #completionsOf(task: TaskName): Set<ItemId> {
    const known = this.#completions.get(task) ?? new Set<ItemId>()
    this.#completions.set(task, known)
    return known
  }
}

async function isDone({ fired, outputs }: Check): Promise<boolean> {
  let done = false
  const asked = areUpToDate(outputs, fired.files).then(answer => {
    done = answer
  })
  await within(ANSWER_MILLISECONDS, asked)
  return done
}
