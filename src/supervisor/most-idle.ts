import type { Snapshot } from '../core/model.ts'
import type { RunView } from '../core/state.ts'

/** A look at thousands of nodes is not for free. */
const EVERY_MILLISECONDS = 1000

/** The most cores of one node that the application has left at the same time, while work items waited. */
export class MostIdle {
  /** null: nothing waited yet. */
  cores: number | null = null
  #lookedAt = Number.NEGATIVE_INFINITY

  looked(state: RunView, { nodes }: Snapshot, now: number): void {
    if (state.pendingCount === 0 || now - this.#lookedAt < EVERY_MILLISECONDS) return
    this.#lookedAt = now
    for (const { node, cores } of nodes) {
      const usable = new Set(state.nodes.get(node)?.usableCores)
      const left = cores.filter(({ core, judged }) => judged !== 'busy' && usable.has(core)).length
      this.cores = Math.max(this.cores ?? 0, left)
    }
  }
}
