import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Action } from '../../src/core/actions.ts'
import type { OdopEvent } from '../../src/core/events.ts'
import type { CoreId, NodeFacts, NodeSnapshot } from '../../src/core/model.ts'
import { schedule } from '../../src/core/schedule.ts'
import { apply, markTerminating, type RunState } from '../../src/core/state.ts'
import { facts, hyperthreads, items, look, run, snapshot, started, T0, task } from './fixtures.ts'

type Move = Extract<Action, { type: 'move' }>

const four = facts({ count: 4 })
const suspending = facts({ count: 4, yieldMode: 'suspend' })

/** The application has been on these cores for so long; all others are idle, unless they are named. */
function seen(node: NodeFacts, taken: readonly CoreId[], { seconds = 1, judged = {} } = {}): NodeSnapshot {
  const busy = Object.fromEntries(taken.map(core => [core, 'busy' as const]))
  const { cores, ...rest } = look(node, { judged: { ...judged, ...busy } })
  const busySeconds = (core: CoreId) => (taken.includes(core) ? { busySeconds: seconds } : {})
  return { ...rest, cores: cores.map(state => ({ ...state, ...busySeconds(state.core) })) }
}

function moves(actions: readonly Action[]): string[] {
  return actions
    .filter((action): action is Move => action.type === 'move')
    .map(({ attempt, placement }) => `${attempt} ${placement.node}:${placement.cores}`)
}

/** One attempt that runs on these cores, and so many items that wait. */
function running(node: NodeFacts, cores: readonly CoreId[], waiting = 0): RunState {
  const first = started('reduce#1.1', T0, { node: node.name, cores })
  return run({ nodes: [node], events: [...items('reduce', waiting + 1), first] })
}

describe('where the kernel preempts', () => {
  const movesOf = (cores: readonly CoreId[], node: NodeSnapshot) =>
    moves(schedule(running(four, cores), snapshot(node), T0))

  test.each<[string, readonly CoreId[], NodeSnapshot, string[]]>([
    ['an attempt goes where it is idle', [0], seen(four, [0]), ['reduce#1.1 n1:1']],
    ['not for a moment', [0], seen(four, [0], { seconds: 0.4 }), []],
    ['not from a core that is still its own', [1], seen(four, [0]), []],
    ['not to a core that is shared', [0], seen(four, [0, 1, 2], { judged: { 3: 'shared' } }), []],
    ['not when everything is busy', [0], seen(four, [0, 1, 2, 3]), []],
    ['only with the cores that it has lost', [0, 1], seen(four, [1]), ['reduce#1.1 n1:0,2']],
    ['with all of those or not at all', [0, 1], seen(four, [0, 1, 2]), []],
  ])('%s', (_, cores, node, expected) => expect(movesOf(cores, node)).toEqual(expected))

  test('it rests between two moves', () => {
    const state = running(four, [0])
    apply(state, moved([1], T0 + 1000))
    const at = (seconds: number) =>
      moves(schedule(state, snapshot(seen(four, [1])), T0 + 1000 + seconds * 1000))
    expect([at(1.9), at(2)]).toEqual([[], ['reduce#1.1 n1:0']])
  })

  test('in its socket, where its memory is, as long as that has idle cores', () => {
    const node = facts({ count: 16, topology: hyperthreads(16, 2) })
    const from = (cores: readonly CoreId[], taken: readonly CoreId[]) =>
      moves(schedule(running(node, cores), snapshot(seen(node, taken)), T0))
    expect(from([4], [4, 12])).toEqual(['reduce#1.1 n1:5'])
    expect(from([4], [4, 5, 6, 7, 12, 13, 14, 15])).toEqual(['reduce#1.1 n1:0'])
  })

  test('before anything new starts, which gets other cores', () => {
    const actions = schedule(running(four, [0], 9), snapshot(seen(four, [0, 1])), T0)
    expect(moves(actions)).toEqual(['reduce#1.1 n1:2'])
    expect(actions.flatMap(action => (action.type === 'start' ? action.placement.cores : []))).toEqual([3])
  })

  test('not while it is being ended', () => {
    const state = running(four, [0])
    markTerminating(state, 'reduce#1.1')
    expect(schedule(state, snapshot(seen(four, [0])), T0)).toEqual([])
  })
})

describe('where attempts are suspended', () => {
  const decided = (state: RunState, node: NodeSnapshot) =>
    schedule(state, snapshot(node), T0 + 1000).map(({ type }) => type)

  test('first suspended, then moved, then resumed', () => {
    const state = running(suspending, [0])
    expect(decided(state, seen(suspending, [0]))).toEqual(['suspend'])
    apply(state, { type: 'attempt-suspended', at: T0, attempt: 'reduce#1.1', reason: 'busy' })
    expect(decided(state, seen(suspending, [0], { seconds: 0.4 }))).toEqual([])
    expect(decided(state, seen(suspending, [0]))).toEqual(['move'])
    apply(state, moved([1], T0 + 1000))
    expect(decided(state, seen(suspending, [0]))).toEqual(['resume'])
  })

  test('it stays when there is nothing idle', () => {
    const state = running(suspending, [0])
    apply(state, { type: 'attempt-suspended', at: T0, attempt: 'reduce#1.1', reason: 'busy' })
    expect(decided(state, seen(suspending, [0, 1, 2, 3]))).toEqual([])
  })
})

describe('attempt-moved', () => {
  test('gives the old cores back and takes the new ones', () => {
    const state = running(four, [0, 1])
    apply(state, moved([1, 3], T0 + 5))
    expect([...(state.loads.get('n1')?.cores ?? [])].sort()).toEqual([
      [1, 'reduce#1.1'],
      [3, 'reduce#1.1'],
    ])
    expect(state.running.get('reduce#1.1')).toMatchObject({ placement: { cores: [1, 3] }, movedAt: T0 + 5 })
  })

  test('is ignored when the attempt has ended, or for another node', () => {
    const state = running(four, [0])
    const before = structuredClone(state)
    apply(state, { ...moved([1], T0), attempt: 'reduce#9.1' })
    apply(state, { ...moved([1], T0), placement: { node: 'n2', cores: [1] } })
    expect(state).toEqual(before)
  })
})

test('whatever the application does, no core is held twice, and none is taken that is not idle', () =>
  fc.assert(
    fc.property(
      fc.constantFrom('kernel' as const, 'suspend' as const),
      fc.constantFrom(1, 2),
      fc.uniqueArray(fc.integer({ min: 0, max: 7 })),
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 }),
      fc.boolean(),
      (yieldMode, sockets, taken, sizes, suspended) => {
        const node = facts({ count: 8, yieldMode, topology: hyperthreads(8, sockets) })
        const state = run({ nodes: [node], tasks: [task()], events: [...items('reduce', 9)] })
        let free = 0
        for (const [index, size] of sizes.entries()) {
          const cores = [0, 1, 2, 3, 4, 5, 6, 7].slice(free, free + size)
          free += size
          if (cores.length === 0) continue
          const attempt = `reduce#${index + 1}.1`
          apply(state, started(attempt, T0, { node: 'n1', cores }))
          if (suspended) apply(state, { type: 'attempt-suspended', at: T0, attempt, reason: '' })
        }
        const siblings = (core: CoreId) => [core, (core + 4) % 8]
        const actions = schedule(state, snapshot(seen(node, taken)), T0)
        for (const action of actions) {
          if (action.type !== 'move') continue
          const before = state.running.get(action.attempt)?.placement.cores ?? []
          const { cores } = action.placement
          expect(new Set(cores).size).toBe(before.length)
          const gained = cores.filter(core => !before.includes(core))
          expect(gained.flatMap(siblings).filter(core => taken.includes(core))).toEqual([])
          expect(before.filter(core => !cores.includes(core) && !taken.includes(core))).toEqual([])
        }
        const held = new Map([...state.running.values()].map(each => [each.attempt, each.placement.cores]))
        for (const action of actions) {
          if (action.type === 'move' || action.type === 'start')
            held.set(action.attempt, action.placement.cores)
        }
        const all = [...held.values()].flat()
        expect(new Set(all).size).toBe(all.length)
      },
    ),
    { numRuns: 300 },
  ))

function moved(cores: readonly CoreId[], at: number): Extract<OdopEvent, { type: 'attempt-moved' }> {
  return { type: 'attempt-moved', at, attempt: 'reduce#1.1', placement: { node: 'n1', cores } }
}
