import { describe, expect, test } from 'vitest'
import type { OdopEvent } from '../../src/core/events.ts'
import { explain } from '../../src/core/explain.ts'
import { neverFits } from '../../src/core/fit.ts'
import { type GpuJudgement, type GpuLook, judgeGpu, UNSEEN_GPU } from '../../src/core/gpus.ts'
import type { GpuState, NodeSnapshot, TaskDefinition } from '../../src/core/model.ts'
import { schedule } from '../../src/core/schedule.ts'
import {
  defined,
  ended,
  facts,
  GB,
  items,
  look,
  queued,
  run,
  SETTINGS,
  snapshot,
  someGpus,
  started,
  T0,
  task,
} from './fixtures.ts'

const two = facts({ count: 4, gpus: someGpus(2) })

function seen(node: typeof two, ...judged: GpuState['judged'][]): NodeSnapshot {
  return { ...look(node), gpus: judged.map((each, index) => ({ index, judged: each })) }
}

function startsOf(...args: Parameters<typeof schedule>): string[] {
  return schedule(...args).flatMap(action =>
    action.type === 'start' ? [`${action.attempt} ${action.placement.gpus ?? '-'}`] : [],
  )
}

function endedSoon(attempt: string): OdopEvent {
  const event = ended(attempt, T0)
  const usage = { wallSeconds: 0.01, cpuSeconds: 0, peakMemoryBytes: 0 }
  return event.type === 'attempt-ended' ? { ...event, usage } : event
}

describe('placement', () => {
  test('idle GPUs of one node go to attempts, each to one', () => {
    const state = run({ nodes: [two], tasks: [task({ gpus: 1 })], events: items('reduce', 3) })
    expect(startsOf(state, snapshot(seen(two, 'idle', 'idle')), T0)).toEqual(['reduce#1.1 0', 'reduce#2.1 1'])
    expect(startsOf(state, snapshot(seen(two, 'busy', 'idle')), T0)).toEqual(['reduce#1.1 1'])
    expect(startsOf(state, snapshot(look(two)), T0)).toEqual([])
  })

  test('what an attempt holds is not given away, and free again at its end', () => {
    const events = [
      ...items('reduce', 2),
      started('reduce#1.1', T0, { node: 'n1', cores: [0], gpus: [0, 1] }),
    ]
    const state = run({ nodes: [two], tasks: [task({ gpus: 2 })], events })
    const now = snapshot(seen(two, 'idle', 'idle'))
    expect(startsOf(state, now, T0)).toEqual([])
    const after = run({
      nodes: [two],
      tasks: [task({ gpus: 2 })],
      events: [...events, ended('reduce#1.1', T0)],
    })
    expect(startsOf(after, now, T0)).toEqual(['reduce#2.1 0,1'])
  })

  test('cores, memory and GPUs are there together or nothing starts', () => {
    const nodes = [two, facts({ name: 'n2', count: 8, gpus: someGpus(0) })]
    const startedWith = (parts: Partial<TaskDefinition>, ...looks: NodeSnapshot[]) =>
      startsOf(run({ nodes, tasks: [task(parts)], events: items('reduce', 1) }), snapshot(...looks), T0)
    const [n1, n2] = [seen(two, 'idle', 'idle'), look(nodes[1] as typeof two)]
    expect(startedWith({ gpus: 1, cpus: 6 }, n1, n2)).toEqual([])
    expect(startedWith({ gpus: 1, memoryBytes: 2 * GB }, { ...n1, availableMemoryBytes: GB }, n2)).toEqual([])
    expect(startedWith({ gpus: 'all' }, n1, n2)).toEqual(['reduce#1.1 0,1'])
    expect(startedWith({}, n2, n1)).toEqual(['reduce#1.1 -'])
  })

  test('those that need no GPU use what one that waits for a GPU can not', () => {
    const tasks = [task({ name: 'gpu', gpus: 1, priority: 9 }), task({ name: 'plain' })]
    const state = run({ nodes: [two], tasks, events: [...items('gpu', 1), ...items('plain', 4)] })
    expect(startsOf(state, snapshot(seen(two, 'busy', 'busy')), T0)).toHaveLength(4)
  })

  test('an item that has waited long for two gets both, though others would take each as it comes', () => {
    const tasks = [task({ name: 'both', gpus: 2, priority: 9 }), task({ name: 'one', gpus: 1 })]
    const events = [
      queued('both', 1, T0),
      ...items('one', 3),
      started('one#1.1', T0, { node: 'n1', cores: [0], gpus: [0] }),
    ]
    const state = run({ nodes: [two], tasks, events })
    const now = snapshot(seen(two, 'idle', 'idle'))
    expect(startsOf(state, now, T0 + 1_000)).toEqual(['one#2.1 1'])
    expect(startsOf(state, now, T0 + 40_000)).toEqual([])
  })

  test('short work follows only what has as many GPUs', () => {
    const tasks = [task({ name: 'gpu', gpus: 1 }), task({ name: 'plain' })]
    const one = facts({ count: 2, gpus: someGpus(1) })
    const placements = { gpu: { node: 'n1', cores: [0], gpus: [0] }, plain: { node: 'n1', cores: [1] } }
    const quick = (['gpu', 'plain'] as const).flatMap((name): OdopEvent[] => [
      ...items(name, 4),
      started(`${name}#1.1`, T0, placements[name]),
      endedSoon(`${name}#1.1`),
      started(`${name}#2.1`, T0, placements[name]),
    ])
    const state = run({ nodes: [one], tasks, events: quick })
    const follows = schedule(state, snapshot(seen(one, 'idle')), T0).flatMap(action =>
      action.type === 'follow' ? action.items.map(({ item }) => `${item} after ${action.after}`) : [],
    )
    expect(follows.sort()).toEqual([
      'gpu#3 after gpu#2.1',
      'gpu#4 after gpu#2.1',
      'plain#3 after plain#2.1',
      'plain#4 after plain#2.1',
    ])
  })

  test('an attempt that moves to other cores keeps its GPU', () => {
    const state = run({
      nodes: [two],
      tasks: [task({ gpus: 1 })],
      events: [...items('reduce', 1), started('reduce#1.1', T0, { node: 'n1', cores: [0], gpus: [1] })],
    })
    const seenNow = seen(two, 'idle', 'idle')
    const cores = seenNow.cores.map(core =>
      core.core === 0 ? { ...core, judged: 'busy' as const, busySeconds: 5 } : core,
    )
    expect(schedule(state, snapshot({ ...seenNow, cores }), T0 + 9_000)).toEqual([
      { type: 'move', attempt: 'reduce#1.1', placement: { node: 'n1', cores: [1], gpus: [1] } },
    ])
  })
})

test('an attempt leaves a GPU that the application uses', () => {
  const state = run({
    nodes: [two],
    tasks: [task({ gpus: 1 })],
    events: [...items('reduce', 1), started('reduce#1.1', T0, { node: 'n1', cores: [0], gpus: [1] })],
  })
  expect(schedule(state, snapshot(seen(two, 'busy', 'idle')), T0)).toEqual([])
  expect(schedule(state, snapshot(seen(two, 'idle', 'busy')), T0)).toEqual([
    {
      type: 'terminate',
      attempt: 'reduce#1.1',
      outcome: 'requeued',
      reason: 'the application uses GPU 1',
    },
  ])
})

describe('why nothing starts', () => {
  test.each<[string, Partial<TaskDefinition>, number, string | null]>([
    ['there is none', { gpus: 1 }, 0, 'needs 1 GPU, but there is none in this allocation'],
    ['too few', { gpus: 4 }, 2, 'needs 4 GPUs, but a node has at most 2'],
    ['all of none', { gpus: 'all' }, 0, 'needs all GPUs of a node, but there is none in this allocation'],
    ['all', { gpus: 'all' }, 2, null],
    ['enough', { gpus: 2 }, 2, null],
  ])('never: %s', (_, parts, count, text) =>
    expect(neverFits(task(parts), [facts({ gpus: someGpus(count) })], SETTINGS)).toBe(text),
  )

  test('not together', () => {
    const nodes = [facts({ count: 8, gpus: [] }), facts({ count: 2, gpus: someGpus(1) })]
    expect(neverFits(task({ cpus: 4, gpus: 1, memoryBytes: GB }), nodes, SETTINGS)).toBe(
      'needs 4 cpus, 1 GPU and 1G of memory, which no node has together',
    )
  })

  test('nothing is said as long as it is not known', () => {
    expect(neverFits(task({ gpus: 1 }), [facts()], SETTINGS)).toBeNull()
    const state = run({ tasks: [task({ gpus: 1 })], events: items('reduce', 1) })
    expect(explain(state, snapshot(look(facts())), T0, 'reduce')).toEqual([
      'needs a GPU; nothing is known of them yet',
    ])
  })

  test('all are in use', () => {
    const state = run({
      nodes: [two],
      tasks: [task({ gpus: 1 })],
      events: [...items('reduce', 2), started('reduce#1.1', T0, { node: 'n1', cores: [0], gpus: [0] })],
    })
    expect(explain(state, snapshot(seen(two, 'idle', 'busy')), T0, 'reduce')).toEqual([
      'needs 1 idle GPU on a node; the most is 0 (of 2: 1 held by attempts of reduce, ' +
        '1 in use by the application or not idle for long enough)',
    ])
  })

  test('others go first', () => {
    const state = run({
      nodes: [two],
      tasks: [task({ gpus: 2 }), task({ name: 'first', gpus: 1, priority: 1 })],
      events: [...items('reduce', 1), ...items('first', 1), defined(task({ gpus: 2 }))],
    })
    expect(explain(state, snapshot(seen(two, 'idle', 'idle')), T0, 'reduce')).toEqual([
      'needs 2 idle GPUs on a node; the most is 1 (of 2: 1 for items that go first)',
      'waits behind first',
    ])
  })
})

describe('when a GPU counts as idle', () => {
  const quiet: GpuLook = { useShare: 0, memoryShare: 0.01, foreign: false, held: false }

  /** Looks two seconds apart, all at a threshold of 10 %. */
  function after(...looks: Partial<GpuLook>[]): GpuJudgement['judged'] {
    let judgement = UNSEEN_GPU
    for (const each of looks) judgement = judgeGpu(judgement, { ...quiet, ...each }, 2, 0.1)
    return judgement.judged
  }

  test.each<[string, GpuJudgement['judged'], Partial<GpuLook>[]]>([
    ['at the first look', 'busy', [{}]],
    ['for two seconds', 'busy', [{}, {}]],
    ['for four', 'idle', [{}, {}, {}]],
    ['with a break', 'busy', [{}, {}, { useShare: 0.5 }, {}, {}]],
    ['until it is used', 'busy', [{}, {}, {}, { useShare: 0.1 }]],
    ['with a process that waits there', 'busy', [{}, {}, {}, { foreign: true }]],
    ['with memory that somebody has taken', 'busy', [{}, {}, {}, { memoryShare: 0.3 }]],
    ['where nobody knows of its use', 'busy', Array(9).fill({ useShare: null })],
    ['where nobody knows of its memory', 'idle', Array(9).fill({ memoryShare: null })],
    [
      'what attempts do on it does not count',
      'idle',
      [{}, {}, {}, { held: true, useShare: 1, memoryShare: 1 }],
    ],
    ['unless the application comes', 'busy', [{}, {}, {}, { held: true, foreign: true }]],
  ])('%s', (_, judged, looks) => expect(after(...looks)).toBe(judged))
})
