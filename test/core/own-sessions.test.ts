import { describe, expect, test } from 'vitest'
import type { CoreId, NodeSnapshot, TaskDefinition } from '../../src/core/model.ts'
import { schedule } from '../../src/core/schedule.ts'
import { apply } from '../../src/core/state.ts'
import { facts, items, look, run, snapshot, started, T0, task } from './fixtures.ts'

const node = facts({ count: 3, ownSessions: true })

/** The application has used these cores for so long; it has left the others. */
function seen(used: Readonly<Record<CoreId, number>>): NodeSnapshot {
  const { cores, ...rest } = look(node)
  const states = cores.map(state => {
    const busySeconds = used[state.core]
    return busySeconds === undefined ? state : { ...state, judged: 'busy' as const, busySeconds }
  })
  return { ...rest, cores: states }
}

/** An attempt on cores 0 and 1. */
function running(parts: Partial<TaskDefinition> = {}, nodes = [node]) {
  const first = started('reduce#1.1', T0, { node: 'n1', cores: [0, 1] })
  return run({ nodes, tasks: [task({ cpus: 2, ...parts })], events: [...items('reduce', 1), first] })
}

function suspended(parts: Partial<TaskDefinition> = {}) {
  const state = running(parts)
  apply(state, { type: 'attempt-suspended', at: T0, attempt: 'reduce#1.1', reason: '' })
  return state
}

const at = T0 + 120_000

describe('an attempt in a session of its own', () => {
  test('is suspended when the application has used all of its cores for long', () => {
    expect(schedule(running(), snapshot(seen({ 0: 5, 1: 6 })), at)).toEqual([
      { type: 'suspend', attempt: 'reduce#1.1', reason: 'the application uses cores 0, 1' },
    ])
  })

  test.each<[string, Readonly<Record<CoreId, number>>]>([
    ['for a short time', { 0: 4.9, 1: 6, 2: 6 }],
    ['a part of them only', { 0: 9, 2: 9 }],
  ])('goes on when they were used %s', (_, used) => {
    expect(schedule(running(), snapshot(seen(used)), at)).toEqual([])
  })

  test('goes on when the kernel preempts it for the application in one session', () => {
    expect(schedule(running({}, [facts({ count: 3 })]), snapshot(seen({ 0: 9, 1: 9 })), at)).toEqual([])
  })

  test('is resumed as soon as one of its cores is left, and stays what it is meanwhile', () => {
    expect(schedule(suspended(), snapshot(seen({ 0: 90, 1: 90 })), at)).toEqual([])
    expect(schedule(suspended(), snapshot(seen({ 0: 90, 1: 0, 2: 9 })), at)).toEqual([
      { type: 'resume', attempt: 'reduce#1.1' },
    ])
  })

  test('follows the application to other cores also while it is suspended', () => {
    const state = run({
      nodes: [node],
      tasks: [task({ cpus: 1 })],
      events: [...items('reduce', 1), started('reduce#1.1', T0, { node: 'n1', cores: [0] })],
    })
    apply(state, { type: 'attempt-suspended', at: T0, attempt: 'reduce#1.1', reason: '' })
    expect(schedule(state, snapshot(seen({ 0: 9 })), at)).toMatchObject([
      { type: 'move', attempt: 'reduce#1.1', placement: { cores: [1] } },
    ])
  })

  test('is requeued where it keeps a checkpoint, suspended or not', () => {
    const keeps = { checkpoint: { file: null } }
    for (const state of [running(keeps), suspended(keeps)]) {
      expect(schedule(state, snapshot(seen({ 0: 11, 1: 11 })), at)).toMatchObject([
        { type: 'terminate', outcome: 'requeued' },
      ])
    }
  })
})
