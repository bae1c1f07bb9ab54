import { describe, expect, test } from 'vitest'
import type { Action } from '../../src/core/actions.ts'
import { markAlone, markFollowing, returnFollowers } from '../../src/core/followers.ts'
import type { TaskDefinition } from '../../src/core/model.ts'
import { schedule } from '../../src/core/schedule.ts'
import { apply, markTerminating, type RunState } from '../../src/core/state.ts'
import { ended, facts, items, look, type queued, run, snapshot, started, T0, task } from './fixtures.ts'

const one = facts({ count: 1 })

type Event = ReturnType<typeof queued>

/** A run on one core in which attempts of each task are known to take so long; the first item of the first task runs. */
function running(tasks: readonly TaskDefinition[], seconds: number, further: readonly Event[]): RunState {
  const first = tasks[0]?.name ?? ''
  const known = tasks.flatMap(({ name }): Event[] => [
    ...items(name, 1),
    started(`${name}#1.1`, T0, { node: 'n1', cores: [0] }),
    lasting(ended(`${name}#1.1`, T0), seconds),
  ])
  const state = run({ nodes: [one], tasks, events: [...known, ...further] })
  apply(state, started(`${first}#2.1`, T0, { node: 'n1', cores: [0] }))
  return state
}

function lasting(event: Event, wallSeconds: number): Event {
  return event.type === 'attempt-ended' ? { ...event, usage: { ...event.usage, wallSeconds } } : event
}

/** Items from the second on. */
function more(name: string, count: number): Event[] {
  return items(name, count + 1).slice(1)
}

function follows(state: RunState, judged: 'idle' | 'shared' | 'busy' = 'idle'): string[] {
  const actions = schedule(state, snapshot(look(one, { judged: { 0: judged } })), T0)
  return actions.flatMap(action =>
    action.type === 'follow' ? action.items.map(({ attempt }) => `${attempt} after ${action.after}`) : [],
  )
}

/** What the engine does with a decision. */
function carryOut(state: RunState): void {
  const actions: Action[] = schedule(state, snapshot(look(one)), T0)
  for (const action of actions) {
    if (action.type === 'follow')
      for (const { item } of action.items) markFollowing(state, item, action.after)
  }
}

describe('work that is handed ahead', () => {
  test('of long attempts none, of shorter ones one, of very short ones as many as take 50 ms', () => {
    const ahead = (seconds: number) => follows(running([task()], seconds, more('reduce', 100))).length
    expect([2, 1, 0.1, 0.01, 0.004].map(ahead)).toEqual([0, 1, 1, 5, 12])
  })

  test('as long as it is not known how long an attempt takes, nothing', () => {
    const state = run({ nodes: [one], events: items('reduce', 3) })
    apply(state, started('reduce#1.1', T0, { node: 'n1', cores: [0] }))
    expect(follows(state)).toEqual([])
  })

  test('it is of any task with the same needs, in the order of the policy', () => {
    const tasks = [
      task(),
      task({ name: 'urgent', priority: 5 }),
      task({ name: 'large', cpus: 2 }),
      task({ name: 'greedy', memoryBytes: 1 }),
    ]
    const queue = tasks.flatMap(({ name }) => more(name, 2))
    const state = running(tasks, 0.01, queue)
    expect(follows(state)).toEqual(
      ['urgent#2.1', 'urgent#3.1', 'reduce#3.1'].map(attempt => `${attempt} after reduce#2.1`),
    )
  })

  test('nothing follows an attempt that is being ended, is suspended, or has its core used by the application', () => {
    const make = () => running([task()], 0.1, more('reduce', 3))
    const ending = make()
    markTerminating(ending, 'reduce#2.1')
    const suspended = make()
    apply(suspended, { type: 'attempt-suspended', at: T0, attempt: 'reduce#2.1', reason: 'x' })
    expect([follows(make()), follows(make(), 'shared')].map(({ length }) => length)).toEqual([1, 1])
    expect([follows(ending), follows(suspended), follows(make(), 'busy')]).toEqual([[], [], []])
  })

  test('nothing follows where the kernel does not preempt: a suspended attempt would hold it', () => {
    const state = running([task()], 0.1, more('reduce', 3))
    apply(state, { type: 'node-joined', at: T0, facts: { ...one, yieldMode: 'suspend' } })
    expect(follows(state)).toEqual([])
  })

  test('what follows counts as running for replicas', () => {
    const state = running([task({ replicas: 3 })], 0.001, more('reduce', 9))
    expect(follows(state)).toHaveLength(2)
    carryOut(state)
    expect(follows(state)).toEqual([])
  })

  test('what is one of a kind on a node is never handed ahead', () => {
    expect(follows(running([task({ ioBound: true })], 0.01, more('reduce', 3)))).toEqual([])
    expect(follows(running([task({ networkBound: true })], 0.01, more('reduce', 3)))).toEqual([])
  })
})

describe('an item that follows', () => {
  test('is neither pending nor handed to another, and starts behind the one before it', () => {
    const state = running([task()], 0.02, more('reduce', 5))
    carryOut(state)
    expect(state.following.get('reduce#2.1')?.items).toEqual(['reduce#3', 'reduce#4'])
    expect([state.pendingCount, follows(state)]).toEqual([2, []])

    apply(state, lasting(ended('reduce#2.1', T0), 0.02))
    apply(state, started('reduce#3.1', T0, { node: 'n1', cores: [0] }))
    expect(state.following.get('reduce#3.1')?.items).toEqual(['reduce#4'])
    expect(follows(state)).toEqual(['reduce#5.1 after reduce#3.1'])
  })

  test('comes back to its place in the queue', () => {
    const state = running([task()], 0.02, more('reduce', 5))
    carryOut(state)
    apply(state, ended('reduce#2.1', T0, 'timeout'))
    returnFollowers(state, 'reduce#2.1')
    expect([state.pendingCount, state.following.size]).toEqual([4, 0])
    const [first] = schedule(state, snapshot(look(one)), T0)
    expect(first).toMatchObject({ type: 'start', attempt: 'reduce#3.1' })
  })

  test('can be cancelled where it is', () => {
    const state = running([task()], 0.02, more('reduce', 5))
    carryOut(state)
    apply(state, { type: 'item-cancelled', at: T0, item: 'reduce#3', reason: 'x' })
    expect(state.following.get('reduce#2.1')?.items).toEqual(['reduce#4'])
    returnFollowers(state, 'reduce#2.1')
    expect([state.pendingCount, state.items.has('reduce#3')]).toEqual([3, false])
  })

  test('runs by itself when its runner has died with it once, until it has ended', () => {
    const state = running([task()], 0.001, more('reduce', 3))
    markAlone(state, ['reduce#3'])
    expect(follows(state)).toEqual([])
    markAlone(state, ['reduce#2'])
    apply(state, ended('reduce#2.1', T0))
    apply(state, started('reduce#3.1', T0, { node: 'n1', cores: [0] }))
    expect(follows(state)).toEqual([])
    apply(state, ended('reduce#3.1', T0))
    expect([...state.alone]).toEqual([])
  })
})
