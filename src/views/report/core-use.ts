import type { CoreId, NodeFacts, NodeName } from '../../core/model.ts'
import { partsOf } from '../../core/placement.ts'
import type { View } from '../../core/state.ts'
import type { MetricsRows } from '../../journal/metrics-reader.ts'
import { type LoggedAttempt, placementsOf } from './run-log.ts'

/** What became of a core in the last launch. */
export interface CoreUse {
  readonly node: NodeName
  readonly core: CoreId
  measuredSeconds: number
  /** Of these, in use by anything. */
  usedSeconds: number
  /** The most that one measurement has seen in use, as a share. */
  usedMax: number
  /** For so long attempts held it. */
  heldSeconds: number
  /** So many had it. */
  attempts: number
}

/** Adds up what each core did. */
export class CoreUses {
  readonly #nodes = new Map<NodeName, Map<CoreId, CoreUse>>()
  readonly #start: number

  constructor(nodes: readonly View<NodeFacts>[], start: number) {
    this.#start = start
    for (const { name, cores } of nodes) {
      this.#nodes.set(name, new Map(cores.map(core => [core, newUse(name, core)])))
    }
  }

  node({ name, cores: allCores }: View<NodeFacts>): MetricsRows {
    const uses = this.#nodes.get(name)
    let cores: readonly CoreId[] = allCores
    let before = this.#start
    return {
      onCores(found) {
        cores = found
      },
      onRow({ at, coreShares }) {
        if (at <= before) return
        const seconds = (at - before) / 1000
        before = at
        for (const [index, share] of coreShares.entries())
          addShare(uses?.get(cores[index] ?? -1), seconds, share)
      },
    }
  }

  /** Attempts of the last launch; `end` is that of what is told. */
  *finish(attempts: readonly LoggedAttempt[], end: number): Iterable<CoreUse> {
    for (const attempt of attempts) this.#hold(attempt, end)
    for (const uses of this.#nodes.values()) yield* uses.values()
  }

  #hold(attempt: LoggedAttempt, end: number): void {
    const had = new Set<CoreUse>()
    for (const { from, to, placement } of placementsOf(attempt, end)) {
      for (const { node, cores } of partsOf(placement)) {
        for (const core of cores) {
          const use = this.#nodes.get(node)?.get(core)
          if (use === undefined) continue
          use.heldSeconds += Math.max(0, to - from) / 1000
          had.add(use)
        }
      }
    }
    for (const use of had) use.attempts += 1
  }
}

function newUse(node: NodeName, core: CoreId): CoreUse {
  return { node, core, measuredSeconds: 0, usedSeconds: 0, usedMax: 0, heldSeconds: 0, attempts: 0 }
}

function addShare(use: CoreUse | undefined, seconds: number, share: number): void {
  if (use === undefined) return
  use.measuredSeconds += seconds
  use.usedSeconds += seconds * share
  use.usedMax = Math.max(use.usedMax, share)
}
