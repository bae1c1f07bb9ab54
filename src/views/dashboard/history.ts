import type { OdopEvent } from '../../core/events.ts'
import type { CoreSeconds, NodeName } from '../../core/model.ts'

/**
 * What the cores of all nodes were used for over time: differences of the `usage` events, by intervals. Of a run that lasts for
 * days it keeps the last hour as it was measured, and all of it in intervals that become longer.
 */
export interface History {
  readonly recent: Interval[]
  readonly whole: Interval[]
  wholeSeconds: number
  /** The last measurement of each node, and what it had used since the one before. */
  readonly nodes: Map<NodeName, { readonly all: CoreSeconds; readonly lately: CoreSeconds }>
}

export interface Interval {
  /** Number of the interval since the epoch. */
  readonly number: number
  use: CoreSeconds
}

/** As often as nodes are measured. */
export const RECENT_SECONDS = 10
/** Columns of a wide terminal. */
const MOST_INTERVALS = 400

export const NOTHING_USED: CoreSeconds = { total: 0, app: 0, tasks: 0, odop: 0, idle: 0 }

export function newHistory(): History {
  return { recent: [], whole: [], wholeSeconds: RECENT_SECONDS, nodes: new Map() }
}

/** Changes the history by an event, as `apply` does the state. */
export function addHistory(history: History, event: OdopEvent): void {
  if (event.type === 'launch-started') {
    history.recent.length = 0
    history.whole.length = 0
    history.wholeSeconds = RECENT_SECONDS
    history.nodes.clear()
  } else if (event.type === 'usage') {
    const { node, coreSeconds: all } = event.usage
    const lately = less(all, history.nodes.get(node)?.all ?? NOTHING_USED)
    history.nodes.set(node, { all, lately })
    put(history.recent, RECENT_SECONDS, event.at, lately)
    if (history.recent.length > MOST_INTERVALS) history.recent.shift()
    put(history.whole, history.wholeSeconds, event.at, lately)
    if (history.whole.length > MOST_INTERVALS) lengthen(history)
  }
}

function put(intervals: Interval[], seconds: number, at: number, use: CoreSeconds): void {
  const number = Math.floor(at / 1000 / seconds)
  const last = intervals.at(-1)
  // The clock of a node may be a little behind.
  if (last !== undefined && last.number >= number) last.use = plus(last.use, use)
  else intervals.push({ number, use })
}

function lengthen(history: History): void {
  history.wholeSeconds *= 2
  const before = history.whole.splice(0)
  for (const { number, use } of before) {
    put(history.whole, history.wholeSeconds, Math.floor(number / 2) * history.wholeSeconds * 1000, use)
  }
}

export function plus(a: CoreSeconds, b: CoreSeconds): CoreSeconds {
  return combined(a, b, (x, y) => x + y)
}

function less(a: CoreSeconds, b: CoreSeconds): CoreSeconds {
  return combined(a, b, (x, y) => Math.max(0, x - y))
}

function combined(a: CoreSeconds, b: CoreSeconds, of: (x: number, y: number) => number): CoreSeconds {
  return {
    total: of(a.total, b.total),
    app: of(a.app, b.app),
    tasks: of(a.tasks, b.tasks),
    odop: of(a.odop, b.odop),
    idle: of(a.idle, b.idle),
  }
}
