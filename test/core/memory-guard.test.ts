import { describe, expect, it, test } from 'vitest'
import { explain } from '../../src/core/explain.ts'
import type { AttemptOutcome, AttemptSample, TaskDefinition } from '../../src/core/model.ts'
import { guardMemory } from '../../src/core/schedule/memory-guard.ts'
import { schedule } from '../../src/core/schedule.ts'
import { apply, markTerminating, type RunState } from '../../src/core/state.ts'
import { facts, GB, items, launched, look, run, snapshot, started, T0, task } from './fixtures.ts'

const node = facts({ count: 4, memoryLimitBytes: 10 * GB })
const settings = { memoryReserveBytes: GB }
const ids = ['reduce#1.1', 'reduce#2.1', 'reduce#3.1']

/** Three attempts, started one second after the other; `application`: it runs. */
function running(parts: Partial<TaskDefinition> = {}, application = true): RunState {
  const state = run({ nodes: [node], tasks: [task(parts)], settings, events: items('reduce', 5) })
  if (application) apply(state, { type: 'application-started', at: T0, pid: 1 })
  ids.forEach((id, at) => {
    apply(state, started(id, T0 + at * 1000, { node: 'n1', cores: [at] }))
  })
  return state
}

function sample(attempt: string, gigabytes: number, mostRoom?: number): AttemptSample {
  const room = mostRoom === undefined ? {} : { mostRoomBytes: mostRoom * GB }
  return { attempt, cpuSeconds: 0, memoryBytes: gigabytes * GB, ...room }
}

/** What the guard ends when so much is available and the attempts use so much. */
function ends(state: RunState, available: number, attempts: readonly AttemptSample[]) {
  const seen = look(node, { availableMemoryBytes: available * GB, attempts })
  return guardMemory(state, snapshot(seen))
}

const each2 = ids.map(id => sample(id, 2))

describe('the memory guard', () => {
  it.each([
    ['leaves all alone while something is available', 0.1, []],
    ['ends the youngest when nothing is', 0, ['reduce#3.1']],
    ['ends no more than gives room again', -1.9, ['reduce#3.1']],
    ['ends one after the other until there is room', -2, ['reduce#3.1', 'reduce#2.1']],
    ['ends all when that is not enough', -9, ['reduce#3.1', 'reduce#2.1', 'reduce#1.1']],
  ])('%s', (_, available, expected) => {
    expect(ends(running(), available, each2).map(({ attempt }) => attempt)).toEqual(expected)
  })

  it('counts what is being ended as given back, and ends its grace', () => {
    const state = running()
    markTerminating(state, 'reduce#3.1')
    const youngest = 'reduce#3.1'
    expect(ends(state, -1, each2).map(({ attempt }) => attempt)).toEqual([youngest])
    expect(ends(state, -2, each2).map(({ attempt }) => attempt)).toEqual([youngest, 'reduce#2.1'])
  })

  it('counts what ended after the look as given back', () => {
    const state = running()
    apply(state, endOf('reduce#3.1', 'completed'))
    expect(ends(state, -1, each2)).toEqual([])
  })

  it('ends an attempt once, when it is over its limit too', () => {
    const state = running({ memoryBytes: GB })
    const seen = look(node, { availableMemoryBytes: -GB, attempts: each2 })
    const terminated = schedule(state, snapshot(seen), T0 + 5000).filter(({ type }) => type === 'terminate')
    expect(terminated).toHaveLength(3)
    expect(terminated.every(action => action.type === 'terminate' && action.outcome === 'failed')).toBe(true)
  })

  it('starts nothing meanwhile', () => {
    const seen = look(node, { availableMemoryBytes: 0, attempts: each2 })
    const actions = schedule(running(), snapshot(seen), T0 + 5000)
    expect(actions.map(({ type }) => type)).toEqual(['terminate'])
  })

  it('says what is used, by whom, and what is to stay free', () => {
    expect(ends(running(), -0.5, each2)).toEqual([
      {
        type: 'terminate',
        attempt: 'reduce#3.1',
        outcome: 'requeued',
        reason:
          'the application needs the memory: 9.5G of 10G are in use, and 1G are to stay free; ' +
          'this attempt, the youngest, used 2G',
        forMemory: true,
      },
    ])
    expect(ends(running({}, false), 0, each2)[0]?.reason).toMatch(/^memory is short: 9G of 10G are in use/)
  })

  it.each<[string, Partial<TaskDefinition>, number, AttemptOutcome, RegExp]>([
    [
      'fails one that takes what all together may have',
      {},
      4,
      'failed',
      /needs more memory than the 4G .* may have beside the application: it had taken 3.9G/,
    ],
    ['requeues one that would have fit before', {}, 6, 'requeued', /the application needs the memory/],
    [
      'requeues one with a limit, which had room',
      { memoryBytes: 5 * GB },
      4,
      'requeued',
      /the application needs/,
    ],
  ])('%s', (_, parts, mostRoom, outcome, reason) => {
    const state = running(parts)
    const [first, second] = ids
    apply(state, endOf(`${first}`, 'completed'))
    apply(state, endOf(`${second}`, 'completed'))
    const [end] = ends(state, -0.1, [sample('reduce#3.1', 3.9, mostRoom)])
    expect(end).toMatchObject({ outcome, reason: expect.stringMatching(reason), forMemory: true })
  })
})

describe('an item whose attempt was ended for memory', () => {
  /** Ended when it had used 2G, and so tried again with 2.5G. */
  const waiting = (parts: Partial<TaskDefinition> = {}, count = 1) => {
    const state = run({ nodes: [node], tasks: [task(parts)], settings, events: items('reduce', count) })
    apply(state, { type: 'application-started', at: T0, pid: 1 })
    apply(state, started('reduce#1.1', T0, { node: 'n1', cores: [0] }))
    apply(state, endOf('reduce#1.1', 'requeued', 2))
    return state
  }
  const startsWith = (state: RunState, available: number, now = T0 + 5000) =>
    schedule(state, snapshot(look(node, { availableMemoryBytes: available * GB })), now).length

  it.each([
    ['not with as much as it had used', {}, 2, 0],
    ['with a quarter more', {}, 2.5, 1],
    ['not with less than its limit', { memoryBytes: 4 * GB }, 3, 0],
    ['with its limit', { memoryBytes: 4 * GB }, 4, 1],
  ])('starts %s', (_, parts, available, starts) => expect(startsWith(waiting(parts), available)).toBe(starts))

  it('holds back the others of its task, each of which needs as much', () => {
    const state = waiting({}, 4)
    expect(startsWith(state, 2)).toBe(0)
    expect(startsWith(state, 5.1)).toBe(2)
    // What has started may still grow to it.
    apply(state, started('reduce#1.2', T0 + 5000, { node: 'n1', cores: [0] }))
    expect(startsWith(state, 4.9)).toBe(0)
  })

  it('is explained', () => {
    const seen = snapshot(look(node, { availableMemoryBytes: 2 * GB }))
    expect(explain(waiting(), seen, T0 + 5000, 'reduce')).toEqual([
      'needs 2.5G of memory; the most that a node has left is 2G, besides the reserve of 1G',
      'an attempt had used 2G when memory was short, and it is tried again with a quarter more',
    ])
  })

  it('remembers the most that it had used, also after a failure', () => {
    const state = waiting()
    apply(state, started('reduce#1.2', T0, { node: 'n1', cores: [0] }))
    apply(state, { ...endOf('reduce#1.2', 'failed', 1), retryAt: T0 + 1000 })
    expect(startsWith(state, 2.4)).toBe(0)
    expect(startsWith(state, 2.5)).toBe(1)
  })

  it('takes what there is after the application’s end, when nothing else runs', () => {
    const state = waiting()
    apply(state, { type: 'application-ended', at: T0, code: 0, signal: null })
    expect(startsWith(state, 1)).toBe(1)
    expect(startsWith(state, 0)).toBe(0)
  })

  it.each<[string, (state: RunState) => void]>([
    [
      'ended',
      state => {
        apply(state, started('reduce#1.2', T0, { node: 'n1', cores: [0] }))
        apply(state, endOf('reduce#1.2', 'completed'))
      },
    ],
    [
      'been cancelled',
      state => apply(state, { type: 'item-cancelled', at: T0, item: 'reduce#1', reason: 'because' }),
    ],
  ])('is forgotten when it has %s', (_, happen) => {
    const state = waiting({}, 2)
    happen(state)
    expect(startsWith(state, 0.1)).toBe(1)
  })

  it('is remembered over launches', () => {
    const state = waiting()
    apply(state, launched(T0 + 1))
    apply(state, { type: 'node-joined', at: T0, facts: node })
    apply(state, { type: 'task-defined', at: T0, task: task() })
    apply(state, { type: 'application-started', at: T0, pid: 1 })
    expect(startsWith(state, 2)).toBe(0)
    expect(startsWith(state, 2.5)).toBe(1)
  })
})

describe('ioBound and networkBound', () => {
  const starts = (parts: Partial<TaskDefinition>, limits: object, ioPressure: number | null = null) => {
    const state = run({ nodes: [node], tasks: [task(parts)], settings: limits, events: items('reduce', 4) })
    return schedule(state, snapshot({ ...look(node), ioPressure }), T0).length
  }

  test.each<[string, Partial<TaskDefinition>, object, number | null, number]>([
    ['one ioBound attempt a node', { ioBound: true }, {}, null, 1],
    ['as many as are configured', { ioBound: true }, { maxIoBound: 3 }, null, 3],
    ['one networkBound attempt a node', { networkBound: true }, { maxIoBound: 3 }, 0.9, 1],
    ['networkBound as configured', { networkBound: true }, { maxNetworkBound: 2 }, null, 2],
    ['no ioBound one under pressure', { ioBound: true }, {}, 0.2, 0],
    ['ioBound ones under little pressure', { ioBound: true }, { maxIoBound: 2 }, 0.19, 2],
    ['others under pressure', {}, {}, 0.9, 4],
  ])('%s', (_, parts, limits, pressure, expected) => expect(starts(parts, limits, pressure)).toBe(expected))

  it('do not count the pressure beside an ioBound attempt: it may be its own', () => {
    const tasks = [task({ ioBound: true })]
    const state = run({ nodes: [node], tasks, settings: { maxIoBound: 2 }, events: items('reduce', 4) })
    apply(state, started('reduce#1.1', T0, { node: 'n1', cores: [0] }))
    expect(schedule(state, snapshot({ ...look(node), ioPressure: 0.9 }), T0)).toHaveLength(1)
  })

  it('are explained', () => {
    const tasks = [task({ ioBound: true })]
    const state = run({ nodes: [node], tasks, settings: { maxIoBound: 2 }, events: items('reduce', 4) })
    expect(explain(state, snapshot({ ...look(node), ioPressure: 0.345 }), T0, 'reduce')).toEqual([
      'processes are kept waiting for I/O 35 % of the time, and nothing ioBound starts from 20 % on',
    ])
    for (const id of ['reduce#1.1', 'reduce#2.1']) apply(state, started(id, T0, { node: 'n1', cores: [0] }))
    expect(explain(state, snapshot(look(node)), T0, 'reduce')).toEqual([
      '2 ioBound attempts are running already (reduce#1.1, reduce#2.1), and a node takes 2 at a time (max-io-bound)',
    ])
  })
})

function endOf(attempt: string, outcome: AttemptOutcome, usedGigabytes = 1) {
  const item = attempt.slice(0, attempt.lastIndexOf('.'))
  return {
    type: 'attempt-ended' as const,
    at: T0,
    attempt,
    item,
    task: 'reduce',
    outcome,
    reason: null,
    usage: { wallSeconds: 1, cpuSeconds: 1, peakMemoryBytes: usedGigabytes * GB },
    retryAt: null,
    ...(outcome === 'completed' ? {} : { forMemory: true as const }),
  }
}
