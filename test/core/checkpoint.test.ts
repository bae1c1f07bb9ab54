import { describe, expect, test } from 'vitest'
import type { TaskDefinition, YieldMode } from '../../src/core/model.ts'
import { schedule } from '../../src/core/schedule.ts'
import { apply } from '../../src/core/state.ts'
import { facts, items, look, queued, run, snapshot, started, T0, task } from './fixtures.ts'

const KEEPS = { checkpoint: { file: null } }

/** What is decided about an attempt on cores 0 and 1 (of two), which the application has used for so long. */
function decided(
  parts: Partial<TaskDefinition>,
  used: Readonly<Record<number, number>>,
  { yieldMode = 'kernel' as YieldMode, suspendedAt = null as number | null } = {},
) {
  const node = facts({ count: 2, yieldMode })
  const state = run({
    nodes: [node],
    tasks: [task({ cpus: 2, ...parts })],
    events: [...items('reduce', 1), started('reduce#1.1', T0, { node: 'n1', cores: [0, 1] })],
  })
  if (suspendedAt !== null)
    apply(state, { type: 'attempt-suspended', at: suspendedAt, attempt: 'reduce#1.1', reason: '' })
  const { cores, ...rest } = look(node)
  const seen = cores.map(state => {
    const busySeconds = used[state.core]
    return busySeconds === undefined ? state : { ...state, judged: 'busy' as const, busySeconds }
  })
  return schedule(state, snapshot({ ...rest, cores: seen }), T0 + 60_000)
}

describe('a task that keeps a checkpoint', () => {
  test('is requeued when it has got nothing for long, where the kernel preempts', () => {
    expect(decided(KEEPS, { 0: 12, 1: 11 })).toEqual([
      {
        type: 'terminate',
        attempt: 'reduce#1.1',
        outcome: 'requeued',
        reason: 'the application has used cores 0, 1 for 11s, and the task keeps a checkpoint',
      },
    ])
  })

  test.each<[string, Partial<TaskDefinition>, Readonly<Record<number, number>>]>([
    ['for a short time', KEEPS, { 0: 12, 1: 9 }],
    ['some of its cores', KEEPS, { 0: 12 }],
    ['without a checkpoint', {}, { 0: 12, 1: 12 }],
  ])('is left alone when the application uses its cores %s', (_, parts, used) => {
    expect(decided(parts, used)).toEqual([])
  })

  test('is suspended first where that is how cores are given back, and requeued after seconds, not a minute', () => {
    const suspend = { yieldMode: 'suspend' as const }
    expect(decided(KEEPS, { 0: 12 }, suspend)).toMatchObject([{ type: 'suspend' }])
    const since = (seconds: number) => ({ ...suspend, suspendedAt: T0 + 60_000 - seconds * 1000 })
    expect(decided(KEEPS, { 0: 12 }, since(9))).toEqual([])
    expect(decided(KEEPS, { 0: 12 }, since(10))).toMatchObject([{ type: 'terminate', outcome: 'requeued' }])
    expect(decided({}, { 0: 12 }, since(10))).toEqual([])
  })

  test.each<[string, Partial<TaskDefinition>, number, boolean]>([
    ['longer than what is left', { ...KEEPS, timeSeconds: 3600 }, 300, true],
    ['longer, without a checkpoint', { timeSeconds: 3600 }, 300, false],
    ['and hardly anything is left', { ...KEEPS, timeSeconds: 3600 }, 50, false],
    ['short enough for that', { ...KEEPS, timeSeconds: 40 }, 50, true],
    ['without a limit, and hardly anything is left', KEEPS, 50, false],
  ])('starts before the end of the job though it is %s: %j, %j s', (_, parts, remainingSeconds, starts) => {
    const node = facts()
    const state = run({ nodes: [node], tasks: [task(parts)], events: [queued('reduce', 1)] })
    const actions = schedule(state, { nodes: [look(node)], remainingSeconds }, T0)
    expect(actions.map(({ type }) => type)).toEqual(starts ? ['start'] : [])
  })
})
