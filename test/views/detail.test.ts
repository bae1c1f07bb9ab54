import { describe, expect, it } from 'vitest'
import type { OdopEvent } from '../../src/core/events.ts'
import { itemOf } from '../../src/core/ids.ts'
import { fold, newFolded } from '../../src/views/folded.ts'
import { attemptAnswer, itemDetail } from '../../src/views/item-detail.ts'
import { itemDetailText } from '../../src/views/item-detail-text.ts'
import { taskDetail } from '../../src/views/task-detail.ts'
import { taskDetailText } from '../../src/views/task-detail-text.ts'
import { at, ended, launched, launchStarted, queued, started, taskDefinition } from './samples.ts'

const text = { width: 80, colour: false }

function view(events: readonly OdopEvent[], { alive = true, seconds = 20, keepEnded = 10 } = {}) {
  const folded = newFolded({ keepEnded })
  for (const event of events) fold(folded, event)
  const attemptLog = (task: string, attempt: string) => `/logs/${task}/${attempt}`
  const { state, details, history } = folded
  return { state, options: { now: at(seconds), alive, snapshot: null, details, history, attemptLog } }
}

const itemIn = (events: readonly OdopEvent[], id: string, how = {}) => {
  const { state, options } = view(events, how)
  return itemDetail(state, id, options)
}

const failed = (attempt: string, seconds: number, retryAt: number | null) =>
  ended('reduce', attempt, seconds, { outcome: 'failed', reason: 'exit code 3', retryAt })

describe('a work item', () => {
  const base = [...launched(), queued('reduce', 1, 1)]

  it('is pending, and says why', () => {
    expect(itemIn(base, 'reduce#1')).toMatchObject({
      state: 'pending',
      files: ['/work/sim/data/1.bin'],
      reason: expect.stringMatching(/waits for idle cores/),
      attempts: [],
    })
  })

  it('runs, is suspended with a reason, and goes on', () => {
    const suspended = [
      ...base,
      started('reduce', '1.1', 2),
      {
        type: 'attempt-suspended',
        at: at(5),
        attempt: 'reduce#1.1',
        reason: 'its cores are in use',
      } as const,
    ]
    expect(itemIn(suspended.slice(0, -1), 'reduce#1')).toMatchObject({ state: 'running', reason: null })
    expect(itemIn(suspended, 'reduce#1')).toMatchObject({
      state: 'suspended',
      reason: 'its cores are in use',
      attempts: [{ state: 'suspended', wallSeconds: 3, suspensions: 1, suspendedSeconds: 15 }],
    })
    const resumed = [...suspended, { type: 'attempt-resumed', at: at(7), attempt: 'reduce#1.1' } as const]
    expect(itemIn(resumed, 'reduce#1')).toMatchObject({
      state: 'running',
      attempts: [{ state: 'running', wallSeconds: 16, suspensions: 1, suspendedSeconds: 2 }],
    })
  })

  it('waits for its retry, with the reason of the failure and its exit code', () => {
    const events = [...base, started('reduce', '1.1', 2), failed('1.1', 3, at(60))]
    expect(itemIn(events, 'reduce#1')).toMatchObject({
      state: 'pending',
      retryAt: new Date(at(60)).toISOString(),
      reason: 'exit code 3; waits 40s before it is tried again',
      attempts: [{ attempt: 'reduce#1.1', state: 'failed', exitCode: 3, log: '/logs/reduce/reduce#1.1' }],
    })
  })

  it('has failed, or completed', () => {
    const tried = [...base, started('reduce', '1.1', 2), failed('1.1', 3, at(4)), started('reduce', '1.2', 5)]
    expect(itemIn([...tried, failed('1.2', 6, null)], 'reduce#1')).toMatchObject({
      state: 'failed',
      reason: 'exit code 3',
      ended: new Date(at(6)).toISOString(),
      attempts: [{ state: 'failed' }, { state: 'failed' }],
    })
    expect(itemIn([...tried, ended('reduce', '1.2', 6)], 'reduce#1')).toMatchObject({
      state: 'completed',
      reason: null,
      attempts: [{ state: 'failed' }, { state: 'completed', exitCode: null }],
    })
  })

  it('of a command has an exit code when it completes, too', () => {
    const command = {
      type: 'task-defined',
      at: at(0),
      task: taskDefinition('reduce', { kind: 'command' }),
    } as const
    const events = [...base, command, started('reduce', '1.1', 2), ended('reduce', '1.1', 3)]
    expect(itemIn(events, 'reduce#1')).toMatchObject({ attempts: [{ exitCode: 0 }] })
  })

  it('was cancelled before it ran', () => {
    const cancelled = {
      type: 'item-cancelled',
      at: at(2),
      item: 'reduce#1',
      reason: 'the user said so',
    } as const
    expect(itemIn([...base, cancelled], 'reduce#1')).toMatchObject({
      state: 'cancelled',
      reason: 'the user said so',
    })
  })

  it('that was running when odop went away is pending, in this launch and in the next', () => {
    const events = [...base, started('reduce', '1.1', 2)]
    const interrupted = { state: 'pending', attempts: [{ state: 'requeued' }] }
    expect(itemIn(events, 'reduce#1', { alive: false })).toMatchObject(interrupted)
    expect(itemIn([...events, launchStarted(10)], 'reduce#1')).toMatchObject({
      state: 'pending',
      attempts: [{ state: 'requeued', reason: expect.stringMatching(/odop was gone/) }],
    })
  })

  it('is not known where there is none, or where it ended too long ago', () => {
    expect(itemIn(base, 'reduce#2')).toBeNull()
    const many = Array.from({ length: 50 }, (_, index) => index + 1).flatMap(number => [
      queued('reduce', number, 1),
      started('reduce', `${number}.1`, 2),
      ended('reduce', `${number}.1`, 3),
    ])
    const { options } = view([...launched(), ...many], { keepEnded: 10 })
    expect(options.history.items.size).toBeLessThanOrEqual(12)
    expect(options.history.tasks.get('reduce')?.outcomes.completed).toBe(50)
  })

  it('is shown with all its attempts', () => {
    const events = [
      ...base,
      started('reduce', '1.1', 2),
      failed('1.1', 3, at(4)),
      started('reduce', '1.2', 5),
    ]
    const item = itemIn(events, 'reduce#1')
    expect(item && itemDetailText(item, text)).toBe(
      `${[
        'reduce#1: running (heat)',
        'Queued      2026-03-01 12:00:01 UTC',
        '1 file',
        '  * /work/sim/data/1.bin',
        '',
        'reduce#1.1: failed',
        'Why         exit code 3',
        'Exit code   3',
        'Where       n1, core 1',
        'Started     2026-03-01 12:00:02 UTC',
        'Ended       2026-03-01 12:00:03 UTC',
        'Time        2s, 1.5s CPU, at most 1000B',
        'Log         /logs/reduce/reduce#1.1',
        '',
        'reduce#1.2: running',
        'Where       n1, core 1',
        'Started     2026-03-01 12:00:05 UTC',
        'Time        15s',
        'Log         /logs/reduce/reduce#1.2',
      ].join('\n')}\n`,
    )
  })
})

it('an attempt is found by its own name', () => {
  const { state, options } = view([...launched(), queued('reduce', 1, 1), started('reduce', '1.1', 2)])
  expect(attemptAnswer(state, 'reduce#1.1', options)).toMatchObject({
    kind: 'attempt',
    item: 'reduce#1',
    state: 'running',
  })
  expect(attemptAnswer(state, 'reduce#1.2', options)).toBeNull()
  expect([itemOf('a#1.2#3.4'), itemOf('reduce#12'), itemOf('reduce')]).toEqual([
    'a#1.2#3',
    'reduce#12',
    'reduce',
  ])
})

describe('a task', () => {
  const events = [
    ...launched(),
    ...[1, 2, 3].map(number => queued('reduce', number, 1)),
    started('reduce', '1.1', 2),
    ended('reduce', '1.1', 3),
    started('reduce', '2.1', 4),
    failed('2.1', 5, null),
  ]

  it('tells its queue, its waits, how long attempts take, and the last failure', () => {
    const { state, options } = view(events)
    expect(taskDetail(state, 'reduce', options)).toMatchObject({
      queued: 3,
      pending: 1,
      completed: 1,
      failed: 1,
      attempts: { started: 2, completed: 1, failed: 1, requeued: 0 },
      waitSeconds: { median: expect.closeTo(1, 1), max: 3 },
      durationSeconds: { median: 2, max: 2 },
      waiting: expect.stringMatching(/waits for idle cores/),
      lastFailure: { attempt: 'reduce#2.1', reason: 'exit code 3', log: '/logs/reduce/reduce#2.1' },
      items: [{ item: 'reduce#3' }, { item: 'reduce#2' }, { item: 'reduce#1' }],
    })
    expect(taskDetail(state, 'render', options)).toBeNull()
  })

  it('is shown', () => {
    const { state, options } = view(events)
    const task = taskDetail(state, 'reduce', options)
    const shown = task === null ? '' : taskDetailText(task, text)
    expect(shown).toMatch(/^reduce in heat\nTrigger +a file in data\n/)
    expect(shown).toMatch(/Items +3 queued, 1 pending, 1 completed, 1 failed\n/)
    expect(shown).toMatch(/Failure +reduce#2\.1: exit code 3\nIts log +\/logs\//)
    expect(shown).toMatch(/reduce#3 +pending +0 .* 1 +\/work\/sim\/data\/3\.bin\n/)
  })
})
