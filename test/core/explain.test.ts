import { expect, test } from 'vitest'
import { explain } from '../../src/core/explain.ts'
import type { TaskDefinition } from '../../src/core/model.ts'
import { apply } from '../../src/core/state.ts'
import { ended, facts, GB, items, launched, look, run, snapshot, started, T0, task } from './fixtures.ts'

const two = facts({ count: 2 })
const onCore0 = { node: 'n1', cores: [0] }

test.each<[string, Partial<TaskDefinition>, Parameters<typeof look>[1], string[]]>([
  [
    'nothing in the way',
    {},
    {},
    [
      '2 of 3 can start now',
      '1 of 3: needs 1 free core on a node; the most is 0 (of 2: 2 for items that go first)',
    ],
  ],
  ['too large', { cpus: 4 }, {}, ['can never run here: needs 4 cpus, but a node has at most 2 for tasks']],
  [
    'cores in use',
    { cpus: 2 },
    { judged: { 0: 'busy' } },
    ['needs 2 free cores on a node; the most is 1 ' + '(of 2: 1 not idle for long enough)'],
  ],
  [
    'memory',
    { memoryBytes: 4 * GB },
    { availableMemoryBytes: 3 * GB },
    ['needs 4G of memory; the most that a node has left is 3G, besides the reserve of 0B'],
  ],
  [
    'the reserve',
    {},
    { availableMemoryBytes: 0 },
    ['no memory is left besides the reserve of 0B (memory-reserve)'],
  ],
  ['maxRuns', { maxRuns: 1 }, {}, ['2 more than the 1 that a run takes (maxRuns)']],
  ['replicas', { replicas: 1 }, {}, ['1 of at most 1 at the same time is running (replicas)']],
  [
    'ioBound',
    { ioBound: true },
    {},
    ['one ioBound attempt is running already (reduce#1.1), and a node takes one at a time (max-io-bound)'],
  ],
])('%s', (_, parts, seen, reasons) => {
  const state = run({ tasks: [task(parts)], events: items('reduce', 3) })
  if (parts.replicas || parts.ioBound || parts.maxRuns) apply(state, started('reduce#1.1', T0, onCore0))
  expect(explain(state, snapshot(look(two, seen)), T0, 'reduce')).toEqual(reasons)
})

test('waiting for a retry', () => {
  const events = [...items('reduce', 1), started('reduce#1.1', T0, onCore0)]
  const state = run({ events: [...events, ended('reduce#1.1', T0, 'failed', T0 + 60_000)] })
  expect(explain(state, snapshot(look(two)), T0 + 15_000, 'reduce')).toEqual([
    `waits until ${new Date(T0 + 60_000).toISOString().slice(11, 19)} UTC (45s) before it is tried again: 1 of 4 attempts failed`,
  ])
})

test('the end of the job', () => {
  const state = run({ tasks: [task({ timeSeconds: 600 })], events: items('reduce', 1) })
  const soon = { nodes: [look(two)], remainingSeconds: 300 }
  expect(explain(state, soon, T0, 'reduce')).toEqual([
    'the job ends in 5m, and an attempt may take 10m (time)',
  ])
})

test('others go first', () => {
  const tasks = [task(), task({ name: 'first', priority: 1 })]
  const state = run({ tasks, events: [...items('reduce', 1), ...items('first', 2)] })
  expect(explain(state, snapshot(look(two)), T0, 'reduce')).toEqual([
    'needs 1 free core on a node; the most is 0 (of 2: 2 for items that go first)',
    'waits behind first',
  ])
})

test('one decision starts no more than 2,048 items', () => {
  const huge = facts({ count: 3000 })
  const state = run({
    nodes: [huge],
    tasks: [task(), task({ name: 'last', priority: -1 })],
    events: [...items('reduce', 2500), ...items('last', 1)],
  })
  const explained = (name: string) => explain(state, snapshot(look(huge)), T0, name)
  expect(explained('last')).toEqual(['waits behind reduce'])
  expect(explained('reduce')).toEqual([
    '2048 of 2500 can start now',
    '452 of 2500 can start as soon as those have started',
  ])
})

test('cores are kept for an item that has waited longer', () => {
  const tasks = [task(), task({ name: 'big', priority: 1, cpus: 2 })]
  const events = [...items('reduce', 2), ...items('big', 1), started('reduce#1.1', T0, onCore0)]
  const reasons = explain(run({ tasks, events }), snapshot(look(two)), T0 + 40_000, 'reduce')
  expect(reasons).toEqual([
    'the free cores are kept for big, which has waited longer and starts when enough attempts have ended: they have no time limit (time), so nobody knows when',
  ])
})

test('no longer defined', () => {
  const state = run({ events: items('reduce', 1) })
  apply(state, launched(T0 + 1))
  expect(explain(state, snapshot(), T0, 'reduce')).toEqual([
    'no task of this name is defined any more in /w/tasks',
  ])
})

test('no node yet', () => {
  expect(explain(run({ nodes: [], events: items('reduce', 1) }), snapshot(), T0, 'reduce')).toEqual([
    'no node has reported yet',
  ])
})

test('nothing pending, or no such task', () => {
  expect(explain(run(), snapshot(look(two)), T0, 'reduce')).toEqual([])
  expect(explain(run(), snapshot(look(two)), T0, 'nobody')).toEqual([])
})
