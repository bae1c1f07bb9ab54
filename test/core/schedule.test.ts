import { describe, expect, test } from 'vitest'
import type { Action } from '../../src/core/actions.ts'
import type { NodeSnapshot, TaskDefinition } from '../../src/core/model.ts'
import { policyNamed, policyNames } from '../../src/core/policies/policy.ts'
import { schedule } from '../../src/core/schedule.ts'
import { apply, markTerminating, type RunState } from '../../src/core/state.ts'
import {
  ended,
  facts,
  GB,
  hyperthreads,
  items,
  look,
  queued,
  run,
  snapshot,
  started,
  T0,
  task,
} from './fixtures.ts'

const two = facts({ count: 2 })
const four = facts({ count: 4 })

function starts(actions: readonly Action[]): string[] {
  return actions.flatMap(action =>
    action.type === 'start' ? [`${action.attempt} ${action.placement.node}:${action.placement.cores}`] : [],
  )
}

function startsOf(state: RunState, ...looks: NodeSnapshot[]): string[] {
  return starts(schedule(state, snapshot(...looks), T0))
}

describe('order', () => {
  const byPriority = [task({ name: 'low' }), task({ name: 'high', priority: 5 })]

  test('higher priority first', () => {
    const state = run({ tasks: byPriority, events: [...items('low', 2), ...items('high', 1, T0)] })
    expect(startsOf(state, look(two))).toEqual(['high#1.1 n1:0', 'low#1.1 n1:1'])
  })

  test('then first come, first served, across tasks', () => {
    const tasks = [task({ name: 'a' }), task({ name: 'b' })]
    const events = [
      queued('a', 1, T0),
      queued('b', 1, T0 + 1),
      queued('a', 2, T0 + 2),
      queued('b', 2, T0 + 3),
    ]
    expect(startsOf(run({ nodes: [four], tasks, events }), look(four))).toEqual([
      'a#1.1 n1:0',
      'b#1.1 n1:1',
      'a#2.1 n1:2',
      'b#2.1 n1:3',
    ])
  })

  test('backfill: what a blocked item cannot use is used by others', () => {
    const tasks = [task({ name: 'big', cpus: 2, priority: 9 }), task({ name: 'small' })]
    const state = run({ tasks, events: [...items('big', 1), ...items('small', 3)] })
    expect(startsOf(state, look(two, { judged: { 1: 'busy' } }))).toEqual(['small#1.1 n1:0'])
  })

  test('a task of which nothing starts rises by one a minute', () => {
    const state = run({ tasks: byPriority, events: [...items('low', 1), queued('high', 1, T0 + 299_000)] })
    const one = facts({ count: 1 })
    const first = (seconds: number) => starts(schedule(state, snapshot(look(one)), T0 + seconds * 1000))[0]
    expect(first(299)).toBe('high#1.1 n1:0')
    expect(first(301)).toBe('low#1.1 n1:0')
  })

  test('one whose items do get started does not rise, however old they are', () => {
    const events = [...items('low', 9), started('low#1.1', T0 + 7_000_000, { node: 'n1', cores: [0] })]
    const state = run({ tasks: byPriority, events: [...events, queued('high', 1, T0 + 7_000_000)] })
    expect(starts(schedule(state, snapshot(look(two)), T0 + 7_010_000))).toEqual(['high#1.1 n1:1'])
  })

  test('after a quarter of an hour priorities do not matter', () => {
    const tasks = [task({ name: 'low', priority: -1e6 }), task({ name: 'high', priority: 1e6 })]
    const state = run({ tasks, events: [...items('low', 1), queued('high', 1, T0 + 900_000)] })
    expect(starts(schedule(state, snapshot(look(two)), T0 + 900_000))[0]).toBe('low#1.1 n1:0')
  })

  test('policies have names; an unknown one is priority', () => {
    expect(policyNames).toContain('priority')
    expect(policyNamed('?').name).toBe('priority')
  })
})

describe('room', () => {
  const cores: readonly [string, Partial<TaskDefinition>, Parameters<typeof look>[1], string[]][] = [
    ['a busy core is not used', {}, { judged: { 0: 'busy' } }, ['reduce#1.1 n1:1']],
    [
      'idle cores before shared ones',
      {},
      { judged: { 0: 'shared' } },
      ['reduce#1.1 n1:1', 'reduce#2.1 n1:0'],
    ],
    ['all needs every core', { cpus: 'all' }, { judged: { 0: 'busy' } }, []],
    ['all takes every core', { cpus: 'all' }, {}, ['reduce#1.1 n1:0,1']],
    ['shared cores fill up', { cpus: 2 }, { judged: { 0: 'shared' } }, ['reduce#1.1 n1:0,1']],
    ['memory is reserved', { memoryBytes: 3 * GB }, { availableMemoryBytes: 5 * GB }, ['reduce#1.1 n1:0']],
    ['nothing starts when the reserve is touched', {}, { availableMemoryBytes: 0 }, []],
    ['ioBound one a node', { ioBound: true }, {}, ['reduce#1.1 n1:0']],
    ['networkBound one a node', { networkBound: true }, {}, ['reduce#1.1 n1:0']],
    ['replicas', { replicas: 1 }, {}, ['reduce#1.1 n1:0']],
    ['a background task once', { trigger: { kind: 'background' } }, {}, ['reduce#1.1 n1:0']],
    ['maxRuns', { maxRuns: 1 }, {}, ['reduce#1.1 n1:0']],
    ['too many cpus', { cpus: 3 }, {}, []],
    ['too much memory', { memoryBytes: 17 * GB }, { availableMemoryBytes: 20 * GB }, []],
  ]
  test.each(cores)('%s', (_, parts, seen, expected) => {
    const state = run({ tasks: [task(parts)], events: items('reduce', 2) })
    expect(startsOf(state, look(two, seen))).toEqual(expected)
  })

  test('shared cores are for nodes where the kernel preempts', () => {
    const node = facts({ count: 2, yieldMode: 'suspend' })
    const state = run({ nodes: [node], events: items('reduce', 2) })
    expect(startsOf(state, look(node, { judged: { 0: 'shared' } }))).toEqual(['reduce#1.1 n1:1'])
  })

  test('the sibling of a busy hardware thread is not used', () => {
    const node = facts({ count: 4, topology: hyperthreads(4) })
    const state = run({ nodes: [node], events: items('reduce', 4) })
    expect(startsOf(state, look(node, { judged: { 0: 'busy' } }))).toEqual([
      'reduce#1.1 n1:1',
      'reduce#2.1 n1:3',
    ])
  })

  test('nor that of a busy one on which attempts may not run', () => {
    const node = facts({ count: 4, usableCores: [1, 2, 3], topology: hyperthreads(4) })
    const state = run({ nodes: [node], events: items('reduce', 4) })
    expect(startsOf(state, look(node, { judged: { 0: 'busy' } }))).toEqual([
      'reduce#1.1 n1:1',
      'reduce#2.1 n1:3',
    ])
  })

  test('the sibling of a thread on which an attempt runs is used', () => {
    const node = facts({ count: 4, topology: hyperthreads(4) })
    const events = [...items('reduce', 2), started('reduce#1.1', T0, { node: 'n1', cores: [0] })]
    const state = run({ nodes: [node], events })
    expect(startsOf(state, look(node, { judged: { 1: 'busy', 3: 'busy' } }))).toEqual(['reduce#2.1 n1:2'])
  })

  test('cores of one attempt are of one socket, whatever is free on the other', () => {
    const node = facts({ count: 16, topology: hyperthreads(16, 2) })
    const state = run({ nodes: [node], tasks: [task({ cpus: 4 })], events: items('reduce', 2) })
    // Of the first socket one physical core is busy: six threads are left, of the other all eight.
    expect(startsOf(state, look(node, { judged: { 0: 'busy' } }))).toEqual([
      'reduce#1.1 n1:1,2,9,10',
      'reduce#2.1 n1:4,5,12,13',
    ])
  })

  test('maxCpus counts what runs', () => {
    const events = [...items('reduce', 4), started('reduce#1.1', T0, { node: 'n1', cores: [3] })]
    const state = run({ nodes: [four], settings: { maxCpus: 2 }, events })
    expect(startsOf(state, look(four))).toEqual(['reduce#2.1 n1:0'])
  })

  test('an attempt that sleeps, is suspended or is being ended holds its cores', () => {
    const events = [...items('reduce', 9), started('reduce#1.1', T0, { node: 'n1', cores: [0] })]
    const state = run({ nodes: [four], events })
    for (const [attempt, core] of [['reduce#2.1', 1] as const, ['reduce#3.1', 2] as const]) {
      apply(state, started(attempt, T0, { node: 'n1', cores: [core] }))
    }
    apply(state, { type: 'attempt-suspended', at: T0, attempt: 'reduce#2.1', reason: '' })
    markTerminating(state, 'reduce#3.1')
    expect(startsOf(state, look(four))).toEqual(['reduce#4.1 n1:3'])
  })

  test('what running attempts may still grow to is reserved', () => {
    const tasks = [task({ memoryBytes: 4 * GB })]
    const events = [...items('reduce', 3), started('reduce#1.1', T0, { node: 'n1', cores: [0] })]
    const seen = (used: number, available: number) => ({
      availableMemoryBytes: available * GB,
      attempts: [{ attempt: 'reduce#1.1', cpuSeconds: 0, memoryBytes: used * GB }],
    })
    const state = run({ nodes: [four], tasks, events })
    expect(startsOf(state, look(four, seen(1, 6.9)))).toEqual([])
    expect(startsOf(state, look(four, seen(1, 7)))).toEqual(['reduce#2.1 n1:1'])
    expect(startsOf(state, look(four, seen(4, 4)))).toEqual(['reduce#2.1 n1:1'])
  })

  test('the next attempt at an item has the next number', () => {
    const events = [...items('reduce', 1), started('reduce#1.1', T0, { node: 'n1', cores: [0] })]
    expect(startsOf(run({ events: [...events, ended('reduce#1.1', T0, 'requeued')] }), look(two))).toEqual([
      'reduce#1.2 n1:0',
    ])
  })

  test('a retry does not start before its time', () => {
    const events = [...items('reduce', 1), started('reduce#1.1', T0, { node: 'n1', cores: [0] })]
    const state = run({ events: [...events, ended('reduce#1.1', T0, 'failed', T0 + 60_000)] })
    const at = (now: number) => starts(schedule(state, snapshot(look(two)), now))
    expect([at(T0 + 59_999), at(T0 + 60_000)]).toEqual([[], ['reduce#1.2 n1:0']])
  })

  test.each([
    [120, 100, 0],
    [100, 100, 1],
    [null, 100, 1],
    [null, 0, 0],
    [100, null, 1],
  ])('a time limit of %s s with %s s left: %d start', (timeSeconds, remainingSeconds, count) => {
    const state = run({ tasks: [task({ timeSeconds })], events: items('reduce', 1) })
    expect(schedule(state, { nodes: [look(two)], remainingSeconds }, T0)).toHaveLength(count)
  })

  test('nodes that nobody has heard of, and tasks that nobody defines, are left alone', () => {
    const state = run({ tasks: [], events: items('reduce', 1) })
    expect(startsOf(state, look(two))).toEqual([])
    expect(startsOf(run({ events: items('reduce', 1) }), look(facts({ name: 'n9' })))).toEqual([])
  })
})

describe('node choice', () => {
  const nodes = ['a', 'b', 'c'].map(name => facts({ name, count: 4 }))
  const [a, b, c] = nodes as [typeof two, typeof two, typeof two]

  test('the tightest node first, so that large ones stay free', () => {
    const state = run({ nodes, events: items('reduce', 4) })
    const looks = [
      look(a),
      look(b, { judged: { 0: 'busy', 1: 'busy', 2: 'busy' } }),
      look(c, { judged: { 0: 'busy' } }),
    ]
    expect(startsOf(state, ...looks)).toEqual([
      'reduce#1.1 b:3',
      'reduce#2.1 c:1',
      'reduce#3.1 c:2',
      'reduce#4.1 c:3',
    ])
  })

  test('a node with idle cores before one where they have to be shared', () => {
    const state = run({ nodes, events: items('reduce', 1) })
    const shared = { judged: { 0: 'shared', 1: 'busy', 2: 'busy', 3: 'busy' } } as const
    expect(startsOf(state, look(a, shared), look(b))).toEqual(['reduce#1.1 b:0'])
  })
})

describe('an item that has waited long at the head', () => {
  const big = task({ name: 'big', cpus: 2, priority: 1 })
  const small = (timeSeconds: number | null) => task({ name: 'small', timeSeconds })
  const waiting = (timeSeconds: number | null, nodes = [two]) =>
    run({
      nodes,
      tasks: [big, small(timeSeconds)],
      events: [
        ...items('big', 1),
        ...items('small', 9),
        started('small#1.1', T0, { node: 'n1', cores: [0] }),
      ],
    })
  const at = (state: RunState, seconds: number, ...looks: NodeSnapshot[]) =>
    starts(schedule(state, snapshot(...looks), T0 + seconds * 1000))

  test('others use its cores for half a minute, not for ever', () => {
    const state = waiting(null)
    expect(at(state, 29, look(two))).toEqual(['small#2.1 n1:1'])
    expect(at(state, 30, look(two))).toEqual([])
  })

  test('what is over in time may still start', () => {
    const state = waiting(100)
    apply(state, { type: 'task-defined', at: T0, task: task({ name: 'short', timeSeconds: 10 }) })
    apply(state, queued('short', 1))
    expect(at(state, 90, look(two))).toEqual(['short#1.1 n1:1'])
    expect(at(state, 91, look(two))).toEqual([])
  })

  test('what it leaves may be used', () => {
    const wide = facts({ count: 4 })
    const state = run({
      nodes: [wide],
      tasks: [task({ name: 'big', cpus: 3 }), task({ name: 'small' })],
      events: [
        ...items('big', 2),
        ...items('small', 9),
        started('big#1.1', T0, { node: 'n1', cores: [0, 1, 2] }),
      ],
    })
    expect(at(state, 60, look(wide))).toEqual(['small#1.1 n1:3'])
  })

  test('nothing is kept while the application itself uses what it needs', () => {
    expect(at(waiting(null), 60, look(two, { judged: { 0: 'busy' } }))).toEqual(['small#2.1 n1:1'])
  })

  test('other nodes are used meanwhile', () => {
    const other = facts({ name: 'n2', count: 1 })
    expect(at(waiting(null, [two, other]), 60, look(two), look(other))).toEqual(['small#2.1 n2:0'])
  })
})

describe('limits', () => {
  const limited = (parts: Partial<TaskDefinition>) =>
    run({
      tasks: [task(parts)],
      events: [...items('reduce', 1), started('reduce#1.1', T0, { node: 'n1', cores: [0] })],
    })
  const using = (memoryBytes: number) =>
    snapshot(look(two, { attempts: [{ attempt: 'reduce#1.1', cpuSeconds: 0, memoryBytes }] }))

  test('time', () => {
    const state = limited({ timeSeconds: 90 })
    expect(schedule(state, using(0), T0 + 90_000)).toEqual([])
    expect(schedule(state, using(0), T0 + 90_001)).toEqual([
      {
        type: 'terminate',
        attempt: 'reduce#1.1',
        outcome: 'timeout',
        reason: 'over its time limit of 1m30s',
      },
    ])
  })

  test('time pauses in suspension', () => {
    const state = limited({ timeSeconds: 90 })
    apply(state, { type: 'attempt-suspended', at: T0 + 10_000, attempt: 'reduce#1.1', reason: '' })
    apply(state, { type: 'attempt-resumed', at: T0 + 60_000, attempt: 'reduce#1.1' })
    expect(schedule(state, using(0), T0 + 140_000)).toEqual([])
    expect(schedule(state, using(0), T0 + 140_001)).toHaveLength(1)
  })

  test('memory, named with what was used', () => {
    const state = limited({ memoryBytes: 500 * 1024 ** 2 })
    expect(schedule(state, using(500 * 1024 ** 2), T0)).toEqual([])
    const reason = 'over its memory limit of 500M: it used 600M'
    expect(schedule(state, using(600 * 1024 ** 2), T0)).toEqual([
      { type: 'terminate', attempt: 'reduce#1.1', outcome: 'failed', reason },
    ])
  })

  test('over both: ended once', () => {
    const state = limited({ memoryBytes: 1, timeSeconds: 1 })
    expect(schedule(state, using(2), T0 + 5000)).toMatchObject([{ outcome: 'failed' }])
  })

  test('not again while it is being ended', () => {
    const state = limited({ memoryBytes: 1, timeSeconds: 1 })
    markTerminating(state, 'reduce#1.1')
    expect(schedule(state, using(2), T0 + 5000)).toEqual([])
  })
})

describe('giving cores back', () => {
  const node = facts({ count: 2, yieldMode: 'suspend' })
  const running = (yieldMode: 'kernel' | 'suspend' = 'suspend') =>
    run({
      nodes: [{ ...node, yieldMode }],
      tasks: [task({ cpus: 2, timeSeconds: 1000 })],
      events: [...items('reduce', 1), started('reduce#1.1', T0, { node: 'n1', cores: [0, 1] })],
    })
  const suspended = (yieldMode: 'kernel' | 'suspend' = 'suspend') => {
    const state = running(yieldMode)
    apply(state, { type: 'attempt-suspended', at: T0, attempt: 'reduce#1.1', reason: '' })
    return state
  }
  const busy = snapshot(look(node, { judged: { 1: 'busy' } }))
  const idle = snapshot(look(node))

  test('an attempt is suspended when one of its cores is in use', () => {
    expect(schedule(running(), idle, T0)).toEqual([])
    expect(schedule(running(), busy, T0)).toEqual([
      { type: 'suspend', attempt: 'reduce#1.1', reason: 'the application uses core 1' },
    ])
  })

  test('and resumed when all are idle', () => {
    expect(schedule(suspended(), busy, T0)).toEqual([])
    expect(schedule(suspended(), idle, T0)).toEqual([{ type: 'resume', attempt: 'reduce#1.1' }])
  })

  test('after a minute its item waits for other cores', () => {
    expect(schedule(suspended(), busy, T0 + 59_999)).toEqual([])
    expect(schedule(suspended(), busy, T0 + 60_000)).toMatchObject([
      { type: 'terminate', outcome: 'requeued' },
    ])
    expect(schedule(suspended(), idle, T0 + 60_000)).toMatchObject([{ type: 'resume' }])
  })

  test('where the kernel preempts they stay runnable', () => {
    expect(schedule(running('kernel'), busy, T0)).toEqual([])
    expect(schedule(suspended('kernel'), busy, T0)).toEqual([{ type: 'resume', attempt: 'reduce#1.1' }])
  })

  test('an attempt that goes over its limit is not suspended too', () => {
    expect(schedule(running(), busy, T0 + 2_000_000)).toMatchObject([
      { type: 'terminate', outcome: 'timeout' },
    ])
  })

  test('nothing is asked of an attempt that is being ended', () => {
    const state = running()
    markTerminating(state, 'reduce#1.1')
    expect(schedule(state, busy, T0)).toEqual([])
  })
})
