import { describe, expect, test } from 'vitest'
import type { OdopEvent } from '../../src/core/events.ts'
import { dueItems, nextReadyAt } from '../../src/core/queue.ts'
import {
  activeSeconds,
  apply,
  itemsLeft,
  markTerminating,
  newState,
  type RunningAttempt,
  type RunState,
  type RunView,
  replay,
  seenFiles,
} from '../../src/core/state.ts'
import { waitSeconds } from '../../src/core/waits.ts'
import { defined, ended, facts, items, launched, queued, run, started, T0, task } from './fixtures.ts'

const core0 = { node: 'n1', cores: [0] }
const core1 = { node: 'n1', cores: [1] }

function reduce(state: RunState) {
  const found = state.tasks.get('reduce')
  if (found === undefined) throw new Error('no such task')
  return found
}

function due(state: RunView, now = T0): string[] {
  const found = state.tasks.get('reduce')
  return found === undefined ? [] : [...dueItems(state, found, now)].map(({ id }) => id)
}

describe('items', () => {
  test('are first come, first served', () => {
    expect(due(run({ events: items('reduce', 3) }))).toEqual(['reduce#1', 'reduce#2', 'reduce#3'])
  })

  test('a completed one is only counted', () => {
    const state = run({
      events: [...items('reduce', 2), started('reduce#1.1', T0 + 1500, core0), ended('reduce#1.1', T0)],
    })
    expect([...state.items.keys()]).toEqual(['reduce#2'])
    expect(reduce(state)).toMatchObject({
      ended: { completed: 1, failed: 0, timeout: 0, cancelled: 0 },
      queued: 2,
      attempts: 1,
      wallSeconds: 2,
      cpuSeconds: 1,
      peakMemoryBytes: 1000,
    })
    expect(waitSeconds(reduce(state).waits)).toEqual({ median: 1.5, max: 1.5 })
    expect(state.running.size).toBe(0)
    expect(state.loads.get('n1')?.cores.size).toBe(0)
  })

  test.each(['failed', 'timeout'] as const)('one that %s for good is counted so', outcome => {
    const state = run({
      events: [...items('reduce', 1), started('reduce#1.1', T0, core0), ended('reduce#1.1', T0, outcome)],
    })
    expect(reduce(state).ended[outcome]).toBe(1)
    expect(itemsLeft(reduce(state))).toBe(0)
  })

  test('a retry waits for its time and comes after what could start before', () => {
    const state = run({
      events: [
        ...items('reduce', 1),
        started('reduce#1.1', T0, core0),
        ended('reduce#1.1', T0, 'failed', T0 + 60_000),
      ],
    })
    apply(state, queued('reduce', 2, T0 + 1000))
    apply(state, queued('reduce', 3, T0 + 90_000))
    expect(due(state, T0 + 59_999)).toEqual(['reduce#2'])
    expect(due(state, T0 + 90_000)).toEqual(['reduce#2', 'reduce#1', 'reduce#3'])
    expect(state.items.get('reduce#1')).toMatchObject({ failures: 1, attempts: 1 })
    expect(state.pendingCount).toBe(3)
    expect(waitSeconds(reduce(state).waits)?.max).toBe(0)
  })

  test('nextReadyAt is when the first retry is due', () => {
    const state = run({
      events: [
        ...items('reduce', 1),
        started('reduce#1.1', T0, core0),
        ended('reduce#1.1', T0, 'failed', T0 + 60_000),
      ],
    })
    expect(nextReadyAt(state, reduce(state))).toBe(T0 + 60_000)
  })

  test('a requeued one is next, and its attempt does not count as a failure', () => {
    const state = run({
      events: [
        ...items('reduce', 3),
        started('reduce#1.1', T0, core0),
        ended('reduce#1.1', T0 + 9, 'requeued'),
      ],
    })
    expect(due(state)).toEqual(['reduce#1', 'reduce#2', 'reduce#3'])
    expect(state.items.get('reduce#1')).toMatchObject({ failures: 0, attempts: 1, runningAs: null })
  })

  test('a cancelled one is gone, pending or running', () => {
    const cancel: OdopEvent = { type: 'item-cancelled', at: T0, item: 'reduce#2', reason: 'user' }
    const state = run({ events: [...items('reduce', 3), started('reduce#1.1', T0, core0), cancel] })
    apply(state, ended('reduce#1.1', T0, 'cancelled'))
    expect(reduce(state).ended.cancelled).toBe(2)
    expect(due(state)).toEqual(['reduce#3'])
    expect(state.pendingCount).toBe(1)
  })

  test('one that was cancelled in the middle of the queue is passed over', () => {
    const cancel: OdopEvent = { type: 'item-cancelled', at: T0, item: 'reduce#2', reason: 'user' }
    expect(due(run({ events: [...items('reduce', 3), cancel] }))).toEqual(['reduce#1', 'reduce#3'])
  })

  test('beyond maxRuns they stay pending, until a definition allows more', () => {
    const state = run({ tasks: [task({ maxRuns: 1 })], events: items('reduce', 3) })
    expect(due(state)).toEqual(['reduce#1'])
    expect(state.pendingCount).toBe(3)
    apply(state, defined(task({ maxRuns: 2 })))
    expect(due(state)).toEqual(['reduce#1', 'reduce#2'])
    apply(state, defined(task()))
    expect(due(state)).toEqual(['reduce#1', 'reduce#2', 'reduce#3'])
  })

  test('a clock that was set back does not hold an item', () => {
    expect(due(run({ events: items('reduce', 1, T0 + 3_600_000) }), T0)).toEqual(['reduce#1'])
  })
})

describe('attempts', () => {
  const running = () => run({ events: [...items('reduce', 2), started('reduce#1.1', T0, core0)] })

  test('hold their cores, also while they are suspended or being ended', () => {
    const state = running()
    apply(state, { type: 'attempt-suspended', at: T0, attempt: 'reduce#1.1', reason: '' })
    markTerminating(state, 'reduce#1.1')
    expect([...(state.loads.get('n1')?.cores ?? [])]).toEqual([[0, 'reduce#1.1']])
    expect([...state.terminating]).toEqual(['reduce#1.1'])
    apply(state, ended('reduce#1.1', T0, 'requeued'))
    expect(state.terminating.size).toBe(0)
  })

  test('time in suspension does not count', () => {
    const state = running()
    const attemptIn = ({ running }: RunState) => [...running.values()][0] as RunningAttempt
    const seconds = (at: number) => activeSeconds(attemptIn(state), T0 + at * 1000)
    expect(seconds(5)).toBe(5)
    apply(state, { type: 'attempt-suspended', at: T0 + 5000, attempt: 'reduce#1.1', reason: '' })
    expect(seconds(9)).toBe(5)
    apply(state, { type: 'attempt-suspended', at: T0 + 8000, attempt: 'reduce#1.1', reason: 'twice' })
    apply(state, { type: 'attempt-resumed', at: T0 + 10_000, attempt: 'reduce#1.1' })
    expect(seconds(12)).toBe(7)
  })
})

describe('seen files', () => {
  test('stay seen when their item has completed', () => {
    const state = run({
      events: [
        queued('reduce', 1, T0, { file: '/a' }),
        started('reduce#1.1', T0, core0),
        ended('reduce#1.1', T0),
      ],
    })
    expect([...seenFiles(state, 'reduce')]).toEqual(['/a'])
    expect(seenFiles(state, 'nobody').size).toBe(0)
  })

  test('of a file that is updated only the last version', () => {
    const events = [1, 2, 3].map(number =>
      queued('reduce', number, T0, { file: '/a', version: `v${number}` }),
    )
    expect([...seenFiles(run({ events }), 'reduce')]).toEqual(['/a\0v3'])
  })
})

describe('a new launch', () => {
  const state = run({
    tasks: [task(), task({ name: 'gone' })],
    events: [
      ...items('reduce', 3),
      ...items('gone', 1),
      started('reduce#1.1', T0, core0),
      ended('reduce#1.1', T0),
      started('reduce#2.1', T0, core1),
      { type: 'note', at: T0, level: 'info', text: 'old' },
      { type: 'task-refused', at: T0, file: '/x.ts', problem: 'no' },
      { type: 'application-started', at: T0, pid: 7 },
      { type: 'application-ended', at: T0, code: 1, signal: null },
      { type: 'launch-ended', at: T0 },
    ],
  })
  apply(state, launched(T0 + 10_000))
  apply(state, defined(task({ priority: 9 })))

  test('what ran is pending again and first, not counted as a retry', () => {
    expect(due(state)).toEqual(['reduce#2', 'reduce#3'])
    expect(state.items.get('reduce#2')).toMatchObject({ failures: 0, attempts: 1 })
    expect(state.running.size + state.loads.size).toBe(0)
  })

  test('counts go on, what is of a launch starts anew', () => {
    expect(state).toMatchObject({
      launches: 2,
      application: null,
      notes: [],
      refusals: [],
      launchEndedAt: null,
    })
    expect(state.nodes.size + state.usage.size).toBe(0)
    expect(reduce(state)).toMatchObject({ queued: 3, ended: { completed: 1 }, definition: { priority: 9 } })
  })

  test('what is not defined any more is left', () => {
    const gone = state.tasks.get('gone')
    expect(gone?.definition).toBeNull()
    expect(gone && itemsLeft(gone)).toBe(1)
  })
})

describe('what makes no sense is ignored', () => {
  test.each<[string, OdopEvent]>([
    ['an attempt at nothing', started('reduce#9.1', T0, core0)],
    ['an attempt at an item that runs', started('reduce#1.2', T0, core1)],
    ['the end of an attempt that nobody knows', ended('reduce#2.7', T0)],
    ['an end of nothing', ended('who#1.1', T0)],
    ['the same item again', queued('reduce', 2)],
    [
      'an item with a strange name',
      { ...queued('reduce', 5), item: { ...item(), id: 'reduce' } } as OdopEvent,
    ],
    ['a suspended stranger', { type: 'attempt-suspended', at: T0, attempt: 'x', reason: '' }],
    ['a resumed attempt that was not suspended', { type: 'attempt-resumed', at: T0, attempt: 'reduce#1.1' }],
    ['a cancelled stranger', { type: 'item-cancelled', at: T0, item: 'x', reason: '' }],
    ['a cancelled item that runs', { type: 'item-cancelled', at: T0, item: 'reduce#1', reason: '' }],
    ['the end of no application', { type: 'application-ended', at: T0, code: 0, signal: null }],
    ['an event from the future', { type: 'teleported', at: T0 } as never],
  ])('%s', (_, event) => {
    const state = run({ events: [...items('reduce', 2), started('reduce#1.1', T0, core0)] })
    const before = structuredClone(state)
    apply(state, event)
    expect(state).toEqual(before)
  })

  function item() {
    return { task: 'reduce', files: [], version: null, queuedAt: T0 }
  }
})

test('the application, nodes, usage and notes are kept', () => {
  const usage = {
    node: 'n1',
    coreSeconds: { total: 1, app: 1, tasks: 0, odop: 0, idle: 0 },
    memoryBytes: { limit: 1, appPeak: 1, tasksPeak: 0, odopPeak: 0 },
    appRunDelaySeconds: null,
    interference: null,
  }
  const state = replay([
    launched(),
    { type: 'node-joined', at: T0, facts: facts() },
    { type: 'application-started', at: T0 + 1, pid: 7 },
    { type: 'usage', at: T0 + 2, usage },
    { type: 'note', at: T0 + 2, level: 'warning', text: 'careful' },
    { type: 'application-ended', at: T0 + 3, code: null, signal: 'SIGTERM' },
    { type: 'launch-ended', at: T0 + 4 },
  ])
  expect(state.application).toEqual({
    pid: 7,
    startedAt: T0 + 1,
    endedAt: T0 + 3,
    code: null,
    signal: 'SIGTERM',
  })
  expect(state.nodes.get('n1')).toEqual(facts())
  expect(state.usage.get('n1')).toBe(usage)
  expect(state.notes).toEqual([{ at: T0 + 2, level: 'warning', text: 'careful', node: null }])
  expect(state.launchEndedAt).toBe(T0 + 4)
})

test('items are queued and worked off in linear time, leaving nothing but counts', () => {
  const secondsFor = (count: number) => {
    const state = newState()
    const before = process.cpuUsage()
    apply(state, launched())
    apply(state, defined(task()))
    for (let n = 1; n <= count; n += 1) apply(state, queued('reduce', n, T0 + n))
    for (let n = 1; n <= count; n += 1) {
      apply(state, started(`reduce#${n}.1`, T0 + count, core0))
      apply(state, ended(`reduce#${n}.1`, T0 + count))
    }
    expect(reduce(state).ended.completed).toBe(count)
    expect(state.items.size + reduce(state).queue.length).toBe(0)
    return process.cpuUsage(before).user / 1e6
  }
  secondsFor(5000)
  // Linear is 10; quadratic would be 100. CPU time, so that a busy machine changes little.
  expect(secondsFor(50_000) / secondsFor(5000)).toBeLessThan(40)
})
