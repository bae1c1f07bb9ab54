import { describe, expect, test } from 'vitest'
import { POLICIES } from '../../src/config/values.ts'
import type { CoreState, NodeSnapshot, Settings, TaskDefinition } from '../../src/core/model.ts'
import { partsOf } from '../../src/core/placement.ts'
import { policyNames } from '../../src/core/policies/policy.ts'
import { schedule } from '../../src/core/schedule.ts'
import { facts, GB, look, queued, run, snapshot, started, T0, task } from './fixtures.ts'

/**
 * What each policy starts, worked out by hand. Items are queued one second after the other in the order of `queue`; nodes are
 * written as their cores: i idle, s shared, b busy; a start as `ITEM NODE:CORES`.
 */
interface Case {
  readonly name: string
  readonly tasks: Readonly<Record<string, Partial<TaskDefinition>>>
  readonly queue: string
  readonly nodes: Readonly<Record<string, string>>
  /** What runs already, first one first: `ITEM NODE:CORES`. */
  readonly running?: readonly string[]
  readonly settings?: Partial<Settings>
  /** Seconds after the first item was queued. Default: 10. */
  readonly at?: number
  readonly starts: Readonly<Partial<Record<(typeof POLICIES)[number] | 'all', readonly string[]>>>
  /** What is wanted here, where only one policy gives it. */
  readonly only?: {
    readonly policy: (typeof POLICIES)[number]
    readonly wanted: string
    readonly holds: (starts: readonly string[]) => boolean
  }
}

const CASES: readonly Case[] = [
  {
    name: 'one item',
    tasks: { a: {} },
    queue: 'a',
    nodes: { n1: 'ii' },
    starts: { all: ['a#1 n1:0'] },
  },
  {
    name: 'the last free core, and an urgent item that came last',
    tasks: { low: {}, high: { priority: 5 } },
    queue: 'low low high',
    nodes: { n1: 'i' },
    starts: {
      priority: ['high#1 n1:0'],
      fifo: ['low#1 n1:0'],
      round_robin: ['low#1 n1:0'],
      best_fit: ['low#1 n1:0'],
    },
    only: {
      policy: 'priority',
      wanted: 'what matters most goes first',
      holds: starts => starts[0]?.startsWith('high#1') === true,
    },
  },
  {
    name: 'an urgent item, a large one, and two that came before them',
    tasks: { small: {}, urgent: { priority: 9 }, big: { cpus: 2 } },
    queue: 'small small urgent big',
    nodes: { n1: 'ii' },
    starts: {
      priority: ['urgent#1 n1:0', 'small#1 n1:1'],
      fifo: ['small#1 n1:0', 'small#2 n1:1'],
      round_robin: ['small#1 n1:0', 'urgent#1 n1:1'],
      best_fit: ['big#1 n1:0,1'],
    },
    only: {
      policy: 'fifo',
      wanted: 'nobody overtakes',
      holds: starts => starts.join() === 'small#1 n1:0,small#2 n1:1',
    },
  },
  {
    name: 'a long queue of one task, and one item each of two others',
    tasks: { a: {}, b: {}, c: {} },
    queue: 'a a a b c',
    nodes: { n1: 'iii' },
    starts: {
      priority: ['a#1 n1:0', 'a#2 n1:1', 'a#3 n1:2'],
      fifo: ['a#1 n1:0', 'a#2 n1:1', 'a#3 n1:2'],
      round_robin: ['a#1 n1:0', 'b#1 n1:1', 'c#1 n1:2'],
      best_fit: ['a#1 n1:0', 'a#2 n1:1', 'a#3 n1:2'],
    },
    only: {
      policy: 'round_robin',
      wanted: 'every task gets on',
      holds: starts => new Set(starts.map(start => start[0])).size === 3,
    },
  },
  {
    name: 'two small items before a large one',
    tasks: { s1: {}, s2: {}, big: { cpus: 3 } },
    queue: 's1 s2 big',
    nodes: { n1: 'iiii' },
    starts: {
      priority: ['s1#1 n1:0', 's2#1 n1:1'],
      fifo: ['s1#1 n1:0', 's2#1 n1:1'],
      round_robin: ['s1#1 n1:0', 's2#1 n1:1'],
      best_fit: ['big#1 n1:0,1,2', 's1#1 n1:3'],
    },
    only: {
      policy: 'best_fit',
      wanted: 'no core stays idle',
      holds: starts => starts.flatMap(start => (start.split(':')[1] ?? '').split(',')).length === 4,
    },
  },
  {
    name: 'nodes with one and with four free cores',
    tasks: { a: {} },
    queue: 'a a',
    nodes: { n1: 'iiii', n2: 'i' },
    starts: {
      priority: ['a#1 n2:0', 'a#2 n1:0'],
      fifo: ['a#1 n2:0', 'a#2 n1:0'],
      round_robin: ['a#1 n1:0', 'a#2 n2:0'],
      best_fit: ['a#1 n2:0', 'a#2 n1:0'],
    },
  },
  {
    name: 'three nodes that are alike',
    tasks: { a: {} },
    queue: 'a a a',
    nodes: { n1: 'ii', n2: 'ii', n3: 'ii' },
    starts: {
      priority: ['a#1 n1:0', 'a#2 n1:1', 'a#3 n2:0'],
      fifo: ['a#1 n1:0', 'a#2 n1:1', 'a#3 n2:0'],
      round_robin: ['a#1 n1:0', 'a#2 n2:0', 'a#3 n3:0'],
      best_fit: ['a#1 n1:0', 'a#2 n1:1', 'a#3 n2:0'],
    },
  },
  {
    name: 'a node that had the last turn',
    tasks: { a: {} },
    queue: 'a a',
    nodes: { n1: 'ii', n2: 'ii' },
    running: ['a#1 n1:0'],
    starts: {
      priority: ['a#2 n1:1'],
      fifo: ['a#2 n1:1'],
      round_robin: ['a#2 n2:0'],
      best_fit: ['a#2 n1:1'],
    },
  },
  {
    name: 'a task that had the last turn',
    tasks: { a: {}, b: {} },
    queue: 'a a b',
    nodes: { n1: 'ii' },
    running: ['a#1 n1:0'],
    starts: {
      priority: ['a#2 n1:1'],
      fifo: ['a#2 n1:1'],
      round_robin: ['b#1 n1:1'],
      best_fit: ['a#2 n1:1'],
    },
  },
  {
    name: 'turns that began in another order',
    tasks: { a: {}, b: {}, c: {} },
    queue: 'a b c a b c',
    nodes: { n1: 'iiiii' },
    running: ['c#1 n1:0', 'a#1 n1:1', 'b#1 n1:2'],
    starts: {
      priority: ['a#2 n1:3', 'b#2 n1:4'],
      fifo: ['a#2 n1:3', 'b#2 n1:4'],
      round_robin: ['c#2 n1:3', 'a#2 n1:4'],
      best_fit: ['a#2 n1:3', 'b#2 n1:4'],
    },
  },
  {
    name: 'a large item that does not fit now is passed over',
    tasks: { big: { cpus: 2, priority: 5 }, small: {} },
    queue: 'big small',
    nodes: { n1: 'ib' },
    starts: { all: ['small#1 n1:0'] },
  },
  {
    name: 'three sizes on two nodes',
    tasks: { s: {}, m: { cpus: 2 }, l: { cpus: 3 } },
    queue: 's m l',
    nodes: { n1: 'iii', n2: 'iii' },
    starts: {
      priority: ['s#1 n1:0', 'm#1 n1:1,2', 'l#1 n2:0,1,2'],
      fifo: ['s#1 n1:0', 'm#1 n1:1,2', 'l#1 n2:0,1,2'],
      round_robin: ['s#1 n1:0', 'm#1 n2:0,1'],
      best_fit: ['l#1 n1:0,1,2', 'm#1 n2:0,1', 's#1 n2:2'],
    },
  },
  {
    name: 'three sizes, of which two fill the nodes',
    tasks: { a: {}, b: { cpus: 2 }, c: { cpus: 4 } },
    queue: 'a c b',
    nodes: { n1: 'ii', n2: 'iiii' },
    starts: {
      priority: ['a#1 n1:0', 'c#1 n2:0,1,2,3'],
      fifo: ['a#1 n1:0', 'c#1 n2:0,1,2,3'],
      round_robin: ['a#1 n1:0', 'c#1 n2:0,1,2,3'],
      best_fit: ['c#1 n2:0,1,2,3', 'b#1 n1:0,1'],
    },
  },
  {
    name: 'of two with as many cores, the one that needs memory is larger',
    tasks: { thin: {}, fat: { memoryBytes: 3 * GB } },
    queue: 'thin fat',
    nodes: { n1: 'i' },
    starts: {
      priority: ['thin#1 n1:0'],
      fifo: ['thin#1 n1:0'],
      round_robin: ['thin#1 n1:0'],
      best_fit: ['fat#1 n1:0'],
    },
  },
  {
    name: 'memory that is there once',
    tasks: { a: { memoryBytes: 9 * GB }, b: { memoryBytes: 9 * GB }, c: {} },
    queue: 'a b c',
    nodes: { n1: 'iii' },
    starts: { all: ['a#1 n1:0', 'c#1 n1:1'] },
  },
  {
    name: 'a whole node, asked for last',
    tasks: { s: {}, whole: { cpus: 'all' } },
    queue: 's whole',
    nodes: { n1: 'ii' },
    starts: {
      priority: ['s#1 n1:0'],
      fifo: ['s#1 n1:0'],
      round_robin: ['s#1 n1:0'],
      best_fit: ['whole#1 n1:0,1'],
    },
  },
  {
    name: 'a whole node, asked for first',
    tasks: { s: {}, whole: { cpus: 'all' } },
    queue: 'whole s',
    nodes: { n1: 'ii' },
    starts: { all: ['whole#1 n1:0,1'] },
  },
  {
    name: 'two nodes at once, asked for last',
    tasks: { s: {}, wide: { cpus: 2, mpi: { nodes: 2, ranks: 4, cpusPerRank: 1, launch: null } } },
    queue: 's wide',
    nodes: { n1: 'ii', n2: 'ii' },
    starts: {
      priority: ['s#1 n1:0'],
      fifo: ['s#1 n1:0'],
      round_robin: ['s#1 n1:0'],
      best_fit: ['wide#1 n1:0,1 n2:0,1'],
    },
  },
  {
    name: 'a task that may wait has a priority below 0',
    tasks: { later: { priority: -1 }, now: {} },
    queue: 'later now',
    nodes: { n1: 'i' },
    starts: {
      priority: ['now#1 n1:0'],
      fifo: ['later#1 n1:0'],
      round_robin: ['later#1 n1:0'],
      best_fit: ['later#1 n1:0'],
    },
  },
  {
    name: 'three priorities',
    tasks: { x: { priority: 1 }, y: { priority: 2 }, z: { priority: 3 } },
    queue: 'x y z x y z',
    nodes: { n1: 'iiii' },
    starts: {
      priority: ['z#1 n1:0', 'z#2 n1:1', 'y#1 n1:2', 'y#2 n1:3'],
      fifo: ['x#1 n1:0', 'y#1 n1:1', 'z#1 n1:2', 'x#2 n1:3'],
      round_robin: ['x#1 n1:0', 'y#1 n1:1', 'z#1 n1:2', 'x#2 n1:3'],
      best_fit: ['x#1 n1:0', 'y#1 n1:1', 'z#1 n1:2', 'x#2 n1:3'],
    },
  },
  {
    name: 'two tasks that take turns anyway',
    tasks: { a: {}, b: {} },
    queue: 'a b a b',
    nodes: { n1: 'iiii' },
    starts: { all: ['a#1 n1:0', 'b#1 n1:1', 'a#2 n1:2', 'b#2 n1:3'] },
  },
  {
    name: 'a task of which one may run at a time',
    tasks: { a: { replicas: 1 }, b: {} },
    queue: 'a a b',
    nodes: { n1: 'iii' },
    starts: { all: ['a#1 n1:0', 'b#1 n1:1'] },
  },
  {
    name: 'at most one core of a node',
    tasks: { a: {}, b: {} },
    queue: 'a b',
    nodes: { n1: 'iiii' },
    settings: { maxCpus: 1 },
    starts: { all: ['a#1 n1:0'] },
  },
  {
    name: 'idle cores before shared ones, on one node',
    tasks: { a: {} },
    queue: 'a a',
    nodes: { n1: 'si' },
    starts: { all: ['a#1 n1:1', 'a#2 n1:0'] },
  },
  {
    name: 'nodes with idle cores before nodes with shared ones',
    tasks: { a: {} },
    queue: 'a a a',
    nodes: { n1: 's', n2: 'i', n3: 'i' },
    starts: { all: ['a#1 n2:0', 'a#2 n3:0', 'a#3 n1:0'] },
  },
  {
    name: 'a small item before an urgent large one',
    tasks: { s: {}, big: { cpus: 2, priority: 3 } },
    queue: 's big',
    nodes: { n1: 'ii' },
    starts: {
      priority: ['big#1 n1:0,1'],
      fifo: ['s#1 n1:0'],
      round_robin: ['s#1 n1:0'],
      best_fit: ['big#1 n1:0,1'],
    },
  },
  {
    name: 'the same after a quarter of an hour',
    tasks: { s: {}, big: { cpus: 2, priority: 3 } },
    queue: 's big',
    nodes: { n1: 'ii' },
    at: 1000,
    starts: { all: ['s#1 n1:0'] },
  },
  {
    name: 'what waits for two minutes rises by two',
    tasks: { old: { priority: 1 }, urgent: { priority: 2 } },
    queue: 'old urgent',
    nodes: { n1: 'i' },
    at: 120,
    starts: { all: ['old#1 n1:0'] },
  },
]

const JUDGED: Readonly<Record<string, CoreState['judged']>> = { i: 'idle', s: 'shared', b: 'busy' }

function startsOf(each: Case, policy: string): string[] {
  const nodes = Object.entries(each.nodes).map(([name, cores]) => facts({ name, count: cores.length }))
  const counts = new Map<string, number>()
  const events = each.queue.split(' ').map((name, index) => {
    const number = (counts.get(name) ?? 0) + 1
    counts.set(name, number)
    return queued(name, number, T0 + index * 1000)
  })
  const state = run({
    nodes,
    tasks: Object.entries(each.tasks).map(([name, parts]) => task({ name, ...parts })),
    settings: { ...each.settings, policy },
    events: [...events, ...(each.running ?? []).map(text => startedAs(text))],
  })
  const looks = nodes.map((node): NodeSnapshot => {
    const letters = each.nodes[node.name] ?? ''
    return look(node, {
      judged: Object.fromEntries([...letters].map((letter, core) => [core, JUDGED[letter] ?? 'busy'])),
    })
  })
  return schedule(state, snapshot(...looks), T0 + (each.at ?? 10) * 1000).flatMap(action => {
    if (action.type !== 'start') return []
    return [
      `${action.item} ${partsOf(action.placement)
        .map(({ node, cores }) => `${node}:${cores}`)
        .join(' ')}`,
    ]
  })
}

function startedAs(text: string) {
  const [item = '', node = '', cores = ''] = text.split(/[ :]/)
  return started(`${item}.1`, T0 + 6000, { node, cores: cores.split(',').map(Number) })
}

describe('what starts', () => {
  describe.each(CASES)('$name', each => {
    test.each(POLICIES)('%s', policy => {
      expect(startsOf(each, policy)).toEqual(each.starts[policy] ?? each.starts.all)
    })
  })
})

test('there are at least 20 cases, and each policy has one in which it alone is right', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(20)
  expect(CASES.flatMap(({ only }) => only?.policy ?? []).sort()).toEqual([...POLICIES].sort())
  for (const each of CASES) {
    if (each.only === undefined) continue
    const { policy, holds } = each.only
    expect(POLICIES.filter(name => holds(startsOf(each, name)))).toEqual([policy])
  }
})

test('the configuration knows the policies of the core', () => {
  expect([...policyNames].sort()).toEqual([...POLICIES].sort())
})
