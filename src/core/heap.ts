/** A binary heap in a plain array, so that state which holds one stays plain data. */

/** Whether `a` comes before `b`. */
export type Before<T> = (a: T, b: T) => boolean

export function push<T>(heap: T[], item: T, before: Before<T>): void {
  let at = heap.length
  while (at > 0) {
    const above = (at - 1) >> 1
    const parent = heap[above] as T
    if (!before(item, parent)) break
    heap[at] = parent
    at = above
  }
  heap[at] = item
}

export function pop<T>(heap: T[], before: Before<T>): T | undefined {
  const top = heap[0]
  const last = heap.pop()
  if (heap.length > 0) sink(heap, last as T, before)
  return top
}

function sink<T>(heap: T[], item: T, before: Before<T>): void {
  let at = 0
  for (;;) {
    let below = 2 * at + 1
    if (below >= heap.length) break
    if (below + 1 < heap.length && before(heap[below + 1] as T, heap[below] as T)) below += 1
    if (!before(heap[below] as T, item)) break
    heap[at] = heap[below] as T
    at = below
  }
  heap[at] = item
}

/** The items in order, without changing the heap: the first k cost O(k log k), however large it is. */
export function* ascending<T>(heap: readonly T[], before: Before<T>): Generator<T, undefined> {
  const earlier: Before<number> = (a, b) => before(heap[a] as T, heap[b] as T)
  const frontier: number[] = heap.length > 0 ? [0] : []
  for (let at = pop(frontier, earlier); at !== undefined; at = pop(frontier, earlier)) {
    yield heap[at] as T
    for (const below of [2 * at + 1, 2 * at + 2]) {
      if (below < heap.length) push(frontier, below, earlier)
    }
  }
  return undefined
}
