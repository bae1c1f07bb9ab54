import type { Snapshot } from '../model.ts'
import type { PolicyItem, PolicyNode, PolicyQuestion, PolicyTask } from '../policies/question.ts'
import { dueItems } from '../queue.ts'
import type { ItemState, RunView } from '../run-state.ts'
import { IDLE, SHARED } from './levels.ts'
import { type Room, roomsOf } from './room.ts'
import { type Line, linesOf } from './start.ts'

/** What is asked is bounded, however long the queue and however many the nodes: it is made, sent and read for each decision. */
const MOST_ITEMS = 1000
const MOST_NODES = 256
const MOST_FILES = 8

/** What a policy of the user's own has to decide; null: no core is free, or nothing could start. */
export function questionOf(state: RunView, snapshot: Snapshot, now: number): PolicyQuestion | null {
  if (state.pendingCount === 0) return null
  const lines = linesOf({ state, snapshot, now, hindered: new Map(), turns: null })
  if (lines.length === 0) return null
  const nodes = roomsOf(state, snapshot).filter(hasCores).slice(0, MOST_NODES).map(nodeOf)
  if (nodes.length === 0) return null
  return { items: firstItems(state, lines, now), nodes, tasks: tasksOf(state), now }
}

function hasCores({ idle, shared, allowed, availableMemory }: Room): boolean {
  return idle + shared > 0 && allowed > 0 && availableMemory > 0
}

function nodeOf(room: Room): PolicyNode {
  const { node, layout, levels, allowed, idle, shared, maxCpus, memory, look } = room
  return {
    name: node,
    freeCores: layout.usable.filter(core => levels[core] === IDLE || levels[core] === SHARED),
    mostCores: Math.min(allowed, idle + shared),
    cores: Math.max(1, Math.min(layout.usable.length, maxCpus ?? layout.usable.length)),
    memoryBytes: memory,
    ...(look.gpus === undefined ? {} : { idleGpus: room.freeGpus.length }),
  }
}

/** Of each line in turn, so that a long one hides no other; then as the queue has them. */
function firstItems(state: RunView, lines: readonly Line[], now: number): PolicyItem[] {
  const found: { readonly line: Line; readonly item: ItemState }[] = []
  let queues = lines.map(line => ({ line, items: dueItems(state, line.waiting, now) }))
  while (queues.length > 0 && found.length < MOST_ITEMS) {
    queues = queues.filter(({ line, items }) => {
      const item = found.length < MOST_ITEMS ? items.next().value : undefined
      if (item !== undefined) found.push({ line, item })
      return item !== undefined
    })
  }
  found.sort((a, b) => a.item.readyAt - b.item.readyAt)
  return found.map(itemOf)
}

function itemOf({
  line: { definition },
  item,
}: {
  readonly line: Line
  readonly item: ItemState
}): PolicyItem {
  const { priority, cpus, gpus, mpi, memoryBytes, timeSeconds, ioBound, networkBound } = definition
  const { id, task, queuedAt, attempts, failures, files, node } = item
  return {
    id,
    task,
    priority,
    cpus,
    ...(gpus === undefined ? {} : { gpus }),
    ranks: mpi?.ranks ?? null,
    memoryBytes,
    timeSeconds,
    ioBound,
    networkBound,
    queuedAt,
    attempts,
    failures,
    files: files.slice(0, MOST_FILES),
    node,
  }
}

function tasksOf(state: RunView): PolicyTask[] {
  return [...state.tasks.values()].flatMap(({ name, pendingCount, running, lastStartedAt }) =>
    pendingCount + running.size === 0
      ? []
      : [{ name, pending: pendingCount, running: running.size, lastStartedAt }],
  )
}
