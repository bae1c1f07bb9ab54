import type { TaskDefinition } from '../../core/model.ts'
import { loadTaskModule } from '../../tasks/module.ts'
import type { Task } from '../../tasks/task.ts'

export type FoundTask =
  | { readonly task: Task }
  /** `error`: what the module has thrown; null: there is no such task in it. */
  | { readonly task: null; readonly error: unknown }

/** The task modules that this runner has loaded, each at the first attempt that needs it. */
export class TaskModules {
  readonly #loaded = new Map<string, Promise<readonly Task[]>>()
  readonly #afterLoading: () => void

  constructor(afterLoading: () => void) {
    this.#afterLoading = afterLoading
  }

  async find({ module, index }: TaskDefinition): Promise<FoundTask> {
    try {
      const task = (await this.#tasksOf(module))[index]
      return task === undefined ? { task: null, error: null } : { task }
    } catch (error) {
      return { task: null, error }
    }
  }

  /** For attempts to come. What goes wrong shows at the attempt that needs the module: it is loaded again then. */
  async preload(modules: readonly string[]): Promise<void> {
    for (const module of modules) await this.#tasksOf(module).catch(() => {})
  }

  #tasksOf(module: string): Promise<readonly Task[]> {
    const known = this.#loaded.get(module)
    if (known !== undefined) return known
    const loading = this.#load(module)
    this.#loaded.set(module, loading)
    loading.catch(() => this.#loaded.delete(module))
    return loading
  }

  async #load(module: string): Promise<readonly Task[]> {
    const tasks = await loadTaskModule(module)
    this.#afterLoading()
    return tasks
  }
}
