import { coresNeeded, isEnough } from '../fit.ts'
import type { CoreId, ItemId } from '../model.ts'
import { formatSize } from '../units.ts'
import type { PolicyItem, PolicyNode, PolicyPlacement, PolicyQuestion } from './question.ts'

export type CheckedAnswer =
  | { readonly placements: readonly PolicyPlacement[] }
  /** What is wrong with it, as the end of a sentence that begins with the policy. */
  | { readonly violation: string }

/**
 * Holds the answer of a user's policy against the question: only items that it was given, each once, and on a node no more than
 * is free there. The answer may be anything. What has changed since the question is not its fault, and is seen when
 * the decision is made.
 */
export function checkAnswer(question: PolicyQuestion, answer: unknown): CheckedAnswer {
  if (!Array.isArray(answer))
    return { violation: `returned ${kindOf(answer)} instead of an array of placements` }
  const desk = new Desk(question)
  const placements: PolicyPlacement[] = []
  for (const each of answer as unknown[]) {
    const placement = placementOf(each)
    const violation = typeof placement === 'string' ? placement : desk.take(placement)
    if (violation !== null) return { violation }
    placements.push(placement as PolicyPlacement)
  }
  return { placements }
}

/** A placement, or what is wrong with its form. */
function placementOf(raw: unknown): PolicyPlacement | string {
  if (typeof raw !== 'object' || raw === null) return `returned ${kindOf(raw)} among the placements`
  const { item, node, cores } = raw as { item?: unknown; node?: unknown; cores?: unknown }
  if (typeof item !== 'string') return 'returned a placement without the id of its `item`'
  if (node !== undefined && typeof node !== 'string')
    return `returned ${kindOf(node)} as the node of ${short(item)}`
  if (cores === undefined) return node === undefined ? { item } : { item, node }
  if (!Array.isArray(cores) || !cores.every(core => Number.isSafeInteger(core)))
    return `returned something else than core numbers as the cores of ${short(item)}`
  if (node === undefined) return `gave cores to ${short(item)} without saying of which node`
  return { item, node, cores: cores as CoreId[] }
}

/** What is left of the question while placements are taken one after the other. */
class Desk {
  readonly #items: Map<ItemId, PolicyItem>
  readonly #nodes: Map<string, NodeLeft>
  readonly #placed = new Set<ItemId>()

  constructor({ items, nodes }: PolicyQuestion) {
    this.#items = new Map(items.map(item => [item.id, item]))
    this.#nodes = new Map(nodes.map(node => [node.name, new NodeLeft(node)]))
  }

  /** What is wrong with the placement; null: nothing. */
  take({ item: id, node: name, cores }: PolicyPlacement): string | null {
    const item = this.#items.get(id)
    if (item === undefined) return `placed ${short(id)}, which is not among the items that it was given`
    if (this.#placed.has(id)) return `placed ${id} twice`
    this.#placed.add(id)
    if (name === undefined) return null
    const node = this.#nodes.get(name)
    if (node === undefined) return `placed ${id} on ${short(name)}, which is not a node with free cores`
    if (item.node !== null && item.node !== name)
      return `placed ${id} on ${name}, but it can only start on ${item.node}`
    if (item.ranks !== null) return `chose the node of ${id}, which has ranks: their nodes are found by odop`
    return node.take(item, cores ?? null)
  }
}

class NodeLeft {
  readonly #node: PolicyNode
  readonly #free: Set<CoreId>
  readonly #holders = new Map<CoreId, ItemId>()
  #cores = 0
  #memoryBytes = 0

  constructor(node: PolicyNode) {
    this.#node = node
    this.#free = new Set(node.freeCores)
  }

  take(item: PolicyItem, cores: readonly CoreId[] | null): string | null {
    const { name, mostCores, freeCores, memoryBytes } = this.#node
    const needed = coresNeeded(item.cpus, this.#node.cores, null)
    const wrong = cores === null ? null : this.#hold(item, cores, needed)
    if (wrong !== null) return wrong
    this.#cores += cores?.length ?? needed
    this.#memoryBytes += item.memoryBytes ?? 0
    const most = Math.min(mostCores, freeCores.length)
    if (this.#cores > most) return `gave away ${this.#cores} cores of ${name}, where ${most} can be taken`
    if (this.#memoryBytes > Math.max(0, memoryBytes))
      return `gave away ${formatSize(this.#memoryBytes)} of memory of ${name}, where ${formatSize(Math.max(0, memoryBytes))} can be taken`
    return null
  }

  #hold({ id: item, cpus }: PolicyItem, cores: readonly CoreId[], needed: number): string | null {
    const { name } = this.#node
    if (!isEnough(cpus, cores, needed)) return `gave ${cores.length} cores to ${item}, which needs ${needed}`
    for (const core of cores) {
      if (!this.#free.has(core)) return `gave core ${core} of ${name} to ${item}, which is not free`
      const holder = this.#holders.get(core)
      if (holder !== undefined) return `gave core ${core} of ${name} away twice, to ${holder} and ${item}`
      this.#holders.set(core, item)
    }
    return null
  }
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (value instanceof Promise) return 'a promise'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** Whatever the policy wrote, a sentence stays readable. */
function short(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`
}
