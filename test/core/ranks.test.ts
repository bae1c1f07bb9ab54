import { describe, expect, test } from 'vitest'
import { explain } from '../../src/core/explain.ts'
import type { MpiNeeds, Placement, TaskDefinition } from '../../src/core/model.ts'
import { schedule } from '../../src/core/schedule.ts'
import { replay } from '../../src/core/state.ts'
import { ended, facts, GB, items, launched, look, run, snapshot, started, T0, task } from './fixtures.ts'
import { World } from './world.ts'

const n1 = facts({ name: 'n1', count: 4 })
const n2 = facts({ name: 'n2', count: 4 })
const n3 = facts({ name: 'n3', count: 2 })
const nodes = [n1, n2, n3]

function ranked(mpi: Partial<MpiNeeds>, parts: Partial<TaskDefinition> = {}): TaskDefinition {
  const needs = { nodes: 2, ranks: 2, cpusPerRank: 1, launch: null, ...mpi }
  const cpus = needs.cpusPerRank * (typeof needs.nodes === 'number' ? needs.ranks / needs.nodes : 1)
  return task({ cpus, mpi: needs, ...parts })
}

const looks = (judged: Readonly<Record<string, Readonly<Record<number, 'busy' | 'shared'>>>> = {}) =>
  snapshot(...nodes.map(node => look(node, { judged: judged[node.name] ?? {} })))

function placements(definition: TaskDefinition, seen = looks(), count = 1): Placement[] {
  const state = run({ nodes, tasks: [definition], events: items('reduce', count) })
  return schedule(state, seen, T0).flatMap(action => (action.type === 'start' ? [action.placement] : []))
}

const busy = (...cores: number[]) => Object.fromEntries(cores.map(core => [core, 'busy' as const]))

describe('where ranks go', () => {
  test('as many to each node as asked, to the tightest nodes', () => {
    expect(placements(ranked({ ranks: 4 }), looks({ n2: busy(0) }))).toEqual([
      { node: 'n3', cores: [0, 1], others: [{ node: 'n2', cores: [1, 2] }] },
    ])
  })
  test('one node: as any other task', () => {
    expect(placements(ranked({ nodes: 1, ranks: 2 }))).toEqual([{ node: 'n3', cores: [0, 1] }])
  })
  test('ranks alone: to as few nodes as have room, the rest to the tightest', () => {
    expect(placements(ranked({ nodes: null, ranks: 3 }))).toEqual([{ node: 'n2', cores: [0, 1, 2] }])
    expect(placements(ranked({ nodes: null, ranks: 5 }))).toEqual([
      { node: 'n1', cores: [0, 1, 2, 3], others: [{ node: 'n3', cores: [0] }] },
    ])
    expect(placements(ranked({ nodes: null, ranks: 2, cpusPerRank: 3 }))).toEqual([
      { node: 'n1', cores: [0, 1, 2], others: [{ node: 'n2', cores: [0, 1, 2] }] },
    ])
  })
  test('idle cores before shared ones', () => {
    const shared = { 0: 'shared', 1: 'shared' } as const
    const seen = looks({ n1: shared, n2: shared })
    expect(placements(ranked({ nodes: null, ranks: 5 }), seen)).toEqual([
      {
        node: 'n1',
        cores: [2, 3],
        others: [
          { node: 'n2', cores: [2, 3] },
          { node: 'n3', cores: [0] },
        ],
      },
    ])
  })
  test('all or nothing: two items, room for one', () => {
    expect(placements(ranked({ ranks: 8 }), looks(), 2)).toHaveLength(1)
    expect(placements(ranked({ ranks: 8 }), looks({ n1: busy(0) }))).toEqual([])
    expect(placements(ranked({ nodes: null, ranks: 11 }))).toEqual([])
  })
  test('memory is needed on each node', () => {
    const seen = snapshot(look(n1), look(n2, { availableMemoryBytes: GB }), look(n3))
    const [placement] = placements(ranked({}, { memoryBytes: 2 * GB }), seen)
    expect(placement).toEqual({ node: 'n3', cores: [0], others: [{ node: 'n1', cores: [0] }] })
  })
})

describe('an attempt over several nodes', () => {
  const wide = { node: 'n1', cores: [0, 1], others: [{ node: 'n2', cores: [2, 3] }] }
  const events = [...items('reduce', 2), started('reduce#1.1', T0, wide)]

  test('holds its cores on all of them until it has ended', () => {
    const state = run({ nodes, tasks: [ranked({ ranks: 4 })], events })
    expect([...(state.loads.get('n2')?.cores.keys() ?? [])]).toEqual([2, 3])
    expect(state.loads.get('n2')?.attempts.has('reduce#1.1')).toBe(true)
    const after = run({ nodes, tasks: [ranked({ ranks: 4 })], events: [...events, ended('reduce#1.1', T0)] })
    for (const load of after.loads.values()) expect([load.cores.size, load.attempts.size]).toEqual([0, 0])
    expect(replay([launched(T0), ...events, launched(T0 + 1)]).running.size).toBe(0)
  })
  test('is not moved, and requeued where it would have to be suspended', () => {
    const suspending = nodes.map(node => ({ ...node, yieldMode: 'suspend' as const }))
    const held = (yielding: typeof nodes) => run({ nodes: yielding, tasks: [ranked({ ranks: 4 })], events })
    const seen = looks({ n2: busy(2) })
    const lasting = {
      ...seen,
      nodes: seen.nodes.map(each => ({
        ...each,
        cores: each.cores.map(core => ({ ...core, busySeconds: core.judged === 'busy' ? 3 : 0 })),
      })),
    }
    const concerning = (yielding: typeof nodes) =>
      schedule(held(yielding), lasting, T0).filter(
        action => action.type !== 'follow' && action.attempt === 'reduce#1.1',
      )
    expect(concerning(nodes)).toEqual([])
    expect(concerning(suspending)).toEqual([
      {
        type: 'terminate',
        attempt: 'reduce#1.1',
        outcome: 'requeued',
        reason: "the application uses core 2 of n2, and ranks can't be suspended",
      },
    ])
  })
  test('is ended once, though it is over its memory limit on both', () => {
    const state = run({ nodes, tasks: [ranked({ ranks: 4 }, { memoryBytes: GB })], events })
    const attempts = [{ attempt: 'reduce#1.1', cpuSeconds: 0, memoryBytes: 2 * GB }]
    const seen = snapshot(look(n1, { attempts }), look(n2, { attempts }))
    expect(schedule(state, seen, T0).filter(({ type }) => type === 'terminate')).toMatchObject([
      { outcome: 'failed' },
    ])
    const short = { attempts, availableMemoryBytes: -GB }
    const guarded = run({ nodes, tasks: [ranked({ ranks: 4 })], events })
    const actions = schedule(guarded, snapshot(look(n1, short), look(n2, short)), T0)
    expect(actions.filter(({ type }) => type === 'terminate')).toMatchObject([{ forMemory: true }])
  })
})

describe('why ranks wait', () => {
  const reasons = (definition: TaskDefinition, seen = looks()) =>
    explain(run({ nodes, tasks: [definition], events: items('reduce', 1) }), seen, T0, 'reduce')

  test('too few nodes with enough free cores', () => {
    expect(reasons(ranked({ ranks: 8 }), looks({ n1: busy(0) }))).toEqual([
      'needs 2 nodes with 4 free cores each; 1 of 3 has them',
    ])
    expect(
      reasons(ranked({ nodes: null, ranks: 4, cpusPerRank: 2 }), looks({ n1: busy(0, 1, 2, 3) })),
    ).toEqual(['needs 4 ranks with 2 free cores each; there is room for 3'])
  })
  test('they never fit', () => {
    expect(reasons(ranked({ nodes: 4, ranks: 4 }))).toEqual([
      'can never run here: needs 4 nodes with 1 cpu each, but 3 can have them',
    ])
  })
})

test.each([
  { nodes: 2, ranks: 8 },
  { nodes: null, ranks: 9 },
])('small items that never cease to arrive do not keep ranks waiting for ever: %o', mpi => {
  const small = task({ name: 'small', priority: 5, timeSeconds: 60 })
  const world = new World([n1, n2, n3], [small, ranked(mpi, { name: 'big' })])
  world.queue('big')
  let turns = 0
  while (world.state.tasks.get('big')?.attempts === 0 && turns < 3_000) {
    while ((world.state.tasks.get('small')?.pendingCount ?? 0) < 20) world.queue('small')
    world.turn(() => 1 + ((turns * 7) % 50))
    world.pass(1)
    turns += 1
  }
  expect(turns).toBeLessThan(15 * 60 + 2 * 60 + 10)
})
