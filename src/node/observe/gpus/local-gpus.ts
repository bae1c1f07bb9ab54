import type { Gpu, GpuIndex, GpuState, GpuUsage, NodeFacts } from '../../../core/model.ts'
import type { GpuPrograms } from './find-tools.ts'
import type { GpuWatch, GpuWatchOptions } from './gpu-watch.ts'

export interface LocalGpusOptions extends Omit<GpuWatchOptions, 'programs' | 'isOwn' | 'onKnown'> {
  /** null: there is no tool, and so no GPU. */
  readonly programs: GpuPrograms | null
  /** What is known already. */
  readonly known: readonly Gpu[] | undefined
  /** Of the keeper, below which all attempts are; null: there is none. */
  readonly attemptsRoot: () => number | null
  /** null: there is no such process. */
  readonly parentOf: (pid: number) => number | null
  readonly onKnown: () => void
}

/** The GPUs of this node as its agent needs them. What looks at them is loaded only where there is a tool for it. */
export class LocalGpus {
  readonly #options: LocalGpusOptions
  #watch: GpuWatch | null = null
  #gpus: readonly Gpu[] | undefined
  #isClosed = false

  constructor(options: LocalGpusOptions) {
    this.#options = options
    this.#gpus = options.known
    if (options.programs !== null) void this.#open(options.programs)
  }

  /** The same facts, with what is known by now. */
  in(facts: NodeFacts): NodeFacts {
    return this.#gpus === undefined || this.#gpus === facts.gpus ? facts : { ...facts, gpus: this.#gpus }
  }

  get states(): { readonly gpus?: readonly GpuState[] } {
    const states = this.#watch?.states
    return states === undefined ? {} : { gpus: states }
  }

  get usage(): { readonly gpus?: readonly GpuUsage[] } {
    const usage = this.#watch?.usage
    return usage === undefined ? {} : { gpus: usage }
  }

  /** As `NodeMeasurement.gpuMemoryBytes`. */
  get memoryBytes(): readonly (number | null)[] | null {
    if (this.#gpus === undefined) return null
    return this.#watch?.memoryBytes ?? []
  }

  /** Of what odop executes to look at them. */
  get pids(): readonly number[] {
    return this.#watch?.pids ?? []
  }

  released(gpus: readonly GpuIndex[]): void {
    if (gpus.length > 0) this.#watch?.released(gpus)
  }

  close(): void {
    this.#isClosed = true
    this.#watch?.close()
  }

  async #open(programs: GpuPrograms): Promise<void> {
    const { GpuWatch } = await import('./gpu-watch.ts')
    if (this.#isClosed) return
    this.#watch = new GpuWatch({
      ...this.#options,
      programs,
      isOwn: pid => this.#isOwn(pid),
      onKnown: gpus => {
        this.#gpus = gpus
        this.#options.onKnown()
      },
    })
  }

  #isOwn(pid: number): boolean | null {
    const { attemptsRoot, parentOf } = this.#options
    const root = attemptsRoot()
    if (parentOf(pid) === null) return null
    for (let each: number | null = pid; each !== null && each > 1; each = parentOf(each)) {
      if (each === root) return true
    }
    return false
  }
}
