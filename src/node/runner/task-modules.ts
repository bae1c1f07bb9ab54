import type { TaskDefinition } from '../../core/model.ts'
import { loadTaskModule } from '../../tasks/module.ts'
import type { Task } from '../../tasks/task.ts'

export type FoundTask =
  | { readonly task: Task }
  /** `error`: what the module has thrown; null: there is no such task in it. */
  | { readonly task: null; readonly error: unknown }

/** The task modules that this runner has loaded, each at the first attempt that needs it. */
export class TaskModules {
  readonly #loaded = new Map<string, readonly Task[]>()
  readonly #afterLoading: () => void

  constructor(afterLoading: () => void) {
    this.#afterLoading = afterLoading
  }

  async find({ module, index }: TaskDefinition): Promise<FoundTask> {
    try {
      const tasks = this.#loaded.get(module) ?? (await this.#load(module))
      const task = tasks[index]
      return task === undefined ? { task: null, error: null } : { task }
    } catch (error) {
      return { task: null, error }
    }
  }

  async #load(module: string): Promise<readonly Task[]> {
    const tasks = await loadTaskModule(module)
    this.#loaded.set(module, tasks)
    this.#afterLoading()
    return tasks
  }
}
