import type { Summary } from '../summary-schema.ts'

/** What a node's memory is used for at present, as its metrics have it. */
export interface MemoryNow {
  readonly app: number
  readonly tasks: number
  readonly odop: number
}

export interface MemoryUse extends MemoryNow {
  readonly limit: number
  /** The highest use so far: what is used now is not known of every node. */
  readonly isPeak: boolean
}

/** Bytes of all nodes together. */
export function memoryOf(nodes: Summary['nodes'], now: ReadonlyMap<string, MemoryNow>): MemoryUse {
  const isPeak = nodes.some(({ name }) => !now.has(name))
  const parts = nodes.map(({ name, memoryBytes }) => {
    const known = now.get(name)
    const { limit, appPeak, tasksPeak, odopPeak } = memoryBytes
    return isPeak || known === undefined
      ? { limit, app: appPeak, tasks: tasksPeak, odop: odopPeak }
      : { limit, ...known }
  })
  const sum = (of: (part: MemoryNow & { limit: number }) => number) =>
    parts.reduce((all, part) => all + of(part), 0)
  return {
    app: sum(({ app }) => app),
    tasks: sum(({ tasks }) => tasks),
    odop: sum(({ odop }) => odop),
    limit: sum(({ limit }) => limit),
    isPeak,
  }
}
