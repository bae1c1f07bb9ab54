import { describe, expect, test } from 'vitest'
import type { Action } from '../../src/core/actions.ts'
import type { OdopEvent } from '../../src/core/events.ts'
import { explain } from '../../src/core/explain.ts'
import { markFollowing, returnFollowers } from '../../src/core/followers.ts'
import type { NodeFacts } from '../../src/core/model.ts'
import { nextReadyAt } from '../../src/core/queue.ts'
import { schedule } from '../../src/core/schedule.ts'
import { apply, type RunState, replay } from '../../src/core/state.ts'
import {
  ended,
  facts,
  items,
  launched,
  look,
  queued,
  type RunParts,
  run,
  snapshot,
  started,
  T0,
  task,
} from './fixtures.ts'

const n1 = facts({ name: 'n1', count: 1 })
const n2 = facts({ name: 'n2', count: 1 })
const nodes = [n1, n2]

/** Items from `from` on whose files are on one node. */
function onNode(node: string, from: number, count: number, name = 'reduce'): OdopEvent[] {
  return Array.from({ length: count }, (_, index) =>
    queued(name, from + index, T0, { file: `/scratch/${from + index}`, node }),
  )
}

function twoNodes(events: readonly OdopEvent[], parts: RunParts = {}): RunState {
  return run({ nodes, ...parts, events })
}

function decide(state: RunState, now = T0, looks: readonly NodeFacts[] = nodes): Action[] {
  return schedule(state, snapshot(...looks.map(node => look(node))), now)
}

function startsOf(actions: readonly Action[]): string[] {
  return actions.flatMap(each => (each.type === 'start' ? [`${each.item} on ${each.placement.node}`] : []))
}

function followsOf(actions: readonly Action[]): string[] {
  return actions.flatMap(each =>
    each.type === 'follow' ? each.items.map(({ item }) => `${item} after ${each.after}`) : [],
  )
}

const reduce = (state: RunState) => state.tasks.get('reduce') ?? expect.fail('there is no such task')

describe('an item that is bound to a node', () => {
  test('starts there and nowhere else, however idle the others are', () => {
    expect(startsOf(decide(twoNodes(onNode('n2', 1, 3))))).toEqual(['reduce#1 on n2'])
  })

  test('does not stand before what can start elsewhere, of its own task or of others', () => {
    const tasks = [task(), task({ name: 'other', priority: -1 })]
    const own = twoNodes([...onNode('n2', 1, 2), queued('reduce', 3)])
    expect(startsOf(decide(own))).toEqual(['reduce#1 on n2', 'reduce#3 on n1'])
    const foreign = twoNodes([...onNode('n2', 1, 2), ...items('other', 1)], { tasks })
    expect(startsOf(decide(foreign))).toEqual(['reduce#1 on n2', 'other#1 on n1'])
  })

  test('of each node, one for each core', () => {
    const state = twoNodes([...onNode('n1', 1, 2), ...onNode('n2', 3, 2)])
    expect(startsOf(decide(state))).toEqual(['reduce#1 on n1', 'reduce#3 on n2'])
  })

  test('counts for the replicas of its task, wherever the others run', () => {
    const events = [...onNode('n1', 1, 2), ...onNode('n2', 3, 2)]
    const state = twoNodes(events, { tasks: [task({ replicas: 1 })] })
    expect(startsOf(decide(state))).toEqual(['reduce#1 on n1'])
  })

  test('keeps to maxRuns', () => {
    const events = [...onNode('n1', 1, 2), ...onNode('n2', 3, 2)]
    const state = twoNodes(events, { tasks: [task({ maxRuns: 2 })] })
    expect(startsOf(decide(state))).toEqual(['reduce#1 on n1'])
    apply(state, { type: 'task-defined', at: T0, task: task() })
    expect(startsOf(decide(state))).toEqual(['reduce#1 on n1', 'reduce#3 on n2'])
  })

  test('comes back to its node after a requeue and a retry', () => {
    const state = twoNodes(onNode('n2', 1, 1))
    apply(state, started('reduce#1.1', T0, { node: 'n2', cores: [0] }))
    expect(startsOf(decide(state))).toEqual([])
    apply(state, ended('reduce#1.1', T0, 'requeued'))
    expect(startsOf(decide(state))).toEqual(['reduce#1 on n2'])
    apply(state, started('reduce#1.2', T0, { node: 'n2', cores: [0] }))
    apply(state, ended('reduce#1.2', T0, 'failed', T0 + 1000))
    expect(startsOf(decide(state, T0 + 500))).toEqual([])
    expect(nextReadyAt(state, reduce(state))).toBe(T0 + 1000)
    expect(startsOf(decide(state, T0 + 1000))).toEqual(['reduce#1 on n2'])
  })

  test('that can be cancelled leaves nothing behind', () => {
    const state = twoNodes(onNode('n2', 1, 1))
    apply(state, { type: 'item-cancelled', at: T0, item: 'reduce#1', reason: 'asked' })
    expect(startsOf(decide(state))).toEqual([])
    expect(reduce(state).bound.get('n2')).toMatchObject({ queue: [], pendingCount: 0 })
  })

  test('gets its node kept for it when it has waited long', () => {
    const tasks = [task({ cpus: 2, priority: 1 }), task({ name: 'small' })]
    const wide = [facts({ name: 'n1' }), facts({ name: 'n2' })]
    const running = started('small#1.1', T0, { node: 'n2', cores: [0] })
    const state = run({ nodes: wide, tasks, events: [...onNode('n2', 1, 1), ...items('small', 4), running] })
    const starts = (now: number) => startsOf(decide(state, now, wide))
    expect(starts(T0 + 1000)).toEqual(['small#2 on n2', 'small#3 on n1', 'small#4 on n1'])
    expect(starts(T0 + 31_000)).toEqual(['small#2 on n1', 'small#3 on n1'])
  })

  test('costs nothing but its own line, however many wait on nodes that are full', () => {
    const many = Array.from({ length: 100 }, (_, index) => facts({ name: `n${index}`, count: 1 }))
    const events = many.flatMap(({ name }, index) => onNode(name, 1 + index * 200, 200))
    const state = run({ nodes: many, events })
    const first = decide(state, T0, many)
    expect(startsOf(first)).toHaveLength(100)
    for (const action of first)
      if (action.type === 'start') apply(state, started(action.attempt, T0, action.placement))
    expect(decide(state, T0, many)).toEqual([])
  })
})

describe('work that is handed ahead', () => {
  /** Attempts are known to be short, and one runs on each node. */
  function busy(events: readonly OdopEvent[]): RunState {
    const before = [
      ...items('reduce', 3),
      started('reduce#1.1', T0, { node: 'n1', cores: [0] }),
      { ...ended('reduce#1.1', T0), usage: { wallSeconds: 0.1, cpuSeconds: 0.1, peakMemoryBytes: 1 } },
      started('reduce#2.1', T0, { node: 'n1', cores: [0] }),
      started('reduce#3.1', T0, { node: 'n2', cores: [0] }),
    ]
    return twoNodes([...(before as OdopEvent[]), ...events])
  }

  test('follows on its own node', () => {
    expect(followsOf(decide(busy(onNode('n2', 4, 3))))).toEqual(['reduce#4 after reduce#3.1'])
  })

  test('beside work that may follow anywhere, a runner takes one or the other', () => {
    const follows = followsOf(decide(busy([...onNode('n2', 4, 1), queued('reduce', 5), queued('reduce', 6)])))
    expect(follows.sort()).toEqual(['reduce#4 after reduce#3.1', 'reduce#5 after reduce#2.1'])
  })

  test('comes back to its node', () => {
    const state = busy(onNode('n2', 4, 1))
    expect(markFollowing(state, 'reduce#4', 'reduce#3.1')).toBe(true)
    expect(reduce(state).bound.get('n2')?.pendingCount).toBe(0)
    returnFollowers(state, 'reduce#3.1')
    expect(reduce(state).bound.get('n2')?.pendingCount).toBe(1)
    expect(followsOf(decide(state))).toEqual(['reduce#4 after reduce#3.1'])
  })
})

describe('why an item waits', () => {
  const reasons = (state: RunState, looks: readonly NodeFacts[] = nodes) =>
    explain(state, snapshot(...looks.map(node => look(node))), T0, 'reduce')

  test('its node is full', () => {
    const state = twoNodes([...onNode('n2', 1, 2), started('reduce#1.1', T0, { node: 'n2', cores: [0] })])
    expect(reasons(state)).toEqual([
      'its files are on n2, which has no room: needs 1 free core on a node; the most is 0 (of 1: 1 held by attempts of reduce)',
    ])
  })

  test('its node has not joined, or is lost', () => {
    const state = twoNodes([...onNode('n2', 1, 1), ...onNode('n3', 2, 1)])
    expect(reasons(state, [n1])).toEqual([
      '1 of 2: its files are on n2, which reports nothing at present',
      '1 of 2: its files are on n3, which has not joined this launch',
    ])
    expect(reasons(state)).toEqual([
      '1 of 2 can start now',
      '1 of 2: its files are on n3, which has not joined this launch',
    ])
  })

  test('not for each of many nodes', () => {
    const events = ['a', 'b', 'c', 'd', 'e'].flatMap((node, index) => onNode(node, index + 1, 1))
    expect(reasons(twoNodes(events)).slice(2)).toEqual([
      '1 of 5: its files are on c, which has not joined this launch',
      '2 of 5: and so on for 2 more nodes',
    ])
  })
})

describe('what has been seen', () => {
  test('is the same path on two nodes twice, and once on each', () => {
    const events = [
      queued('reduce', 1, T0, { file: '/s/a', node: 'n1' }),
      queued('reduce', 2, T0, { file: '/s/a', node: 'n2' }),
      queued('reduce', 3, T0, { file: '/s/a' }),
    ]
    expect([...reduce(twoNodes(events)).seen]).toEqual(['n1\0/s/a', 'n2\0/s/a', '/s/a'])
  })

  test('of a file that is updated is the last version on each node', () => {
    const versions = ['1', '2'].flatMap((version, round) =>
      ['n1', 'n2'].map((node, index) =>
        queued('reduce', round * 2 + index + 1, T0, { file: '/s/a', version, node }),
      ),
    )
    expect([...reduce(twoNodes(versions)).seen]).toEqual(['n1\0/s/a\x002', 'n2\0/s/a\x002'])
  })

  test('holds after a resume, and an item waits for its node in each launch', () => {
    const journal: OdopEvent[] = [launched(), ...onNode('n2', 1, 1)]
    const state = replay(journal.map(event => JSON.parse(JSON.stringify(event)) as OdopEvent))
    for (const event of [
      launched(T0 + 1),
      { type: 'node-joined', at: T0, facts: n1 } as const,
      { type: 'task-defined', at: T0, task: task() } as const,
    ])
      apply(state, event)
    expect(startsOf(decide(state, T0 + 1, [n1]))).toEqual([])
    expect(nextReadyAt(state, reduce(state))).toBeNull()
    apply(state, { type: 'node-joined', at: T0, facts: n2 })
    expect(startsOf(decide(state, T0 + 1))).toEqual(['reduce#1 on n2'])
    expect([...reduce(state).seen]).toEqual(['n2\0/scratch/1'])
  })

  test('an item of an older journal, which has no node, starts anywhere', () => {
    const event = queued('reduce', 1, T0, { file: '/a' })
    expect(event.type === 'item-queued' && 'node' in event.item).toBe(false)
    const state = twoNodes([event])
    expect(state.items.get('reduce#1')?.node).toBeNull()
    expect(startsOf(decide(state))).toEqual(['reduce#1 on n1'])
  })
})
