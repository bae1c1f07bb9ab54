import { describe, expect, test } from 'vitest'
import type { OdopEvent } from '../../src/core/events.ts'
import type { TaskDefinition } from '../../src/core/model.ts'
import { type Explanation, explanationOf } from '../../src/views/explanation.ts'
import { explanationText } from '../../src/views/explanation-text.ts'
import { statusOf } from '../../src/views/status.ts'
import { summarize } from '../../src/views/summary.ts'
import { at, ended, launchStarted, nodeFacts, queued, started, taskDefinition, told } from './samples.ts'

function begun(task: Partial<TaskDefinition>, events: readonly OdopEvent[]) {
  return told(
    launchStarted(0),
    { type: 'node-joined', at: at(0), facts: nodeFacts('n1') },
    { type: 'task-defined', at: at(0), task: taskDefinition('reduce', task) },
    { type: 'application-started', at: at(0), pid: 7 },
    ...events,
  )
}

function explained(
  task: Partial<TaskDefinition>,
  events: readonly OdopEvent[],
  { reasons = [], alive = true }: { readonly reasons?: readonly string[]; readonly alive?: boolean } = {},
): Explanation {
  const { state, details } = begun(task, events)
  const found = state.tasks.get('reduce')
  if (found === undefined) throw new Error('no task')
  return explanationOf({ task: found, reasons, state, details, alive })
}

const failed = [
  queued('reduce', 1, 1),
  started('reduce', '1.1', 2),
  ended('reduce', '1.1', 3, { outcome: 'failed', reason: 'exit code 3\nmore', retryAt: null }),
]

describe('why nothing more of a task runs', () => {
  test.each<[string, Partial<TaskDefinition>, readonly OdopEvent[], string[]]>([
    ['nothing has triggered it', {}, [], ['nothing is queued: it waits for its trigger (a file in data)']],
    [
      'all that was queued runs',
      {},
      [queued('reduce', 1, 1), started('reduce', '1.1', 2)],
      ['nothing waits: what is queued runs; the next one waits for its trigger (a file in data)'],
    ],
    [
      'it has had all that a run takes',
      { maxRuns: 1 },
      [queued('reduce', 1, 1), started('reduce', '1.1', 2), ended('reduce', '1.1', 3)],
      ['a run takes 1 work item of it (maxRuns)'],
    ],
    [
      'the retry limit is reached',
      { retries: 2 },
      failed,
      [
        'nothing is queued: it waits for its trigger (a file in data)',
        '1 work item failed 3 times and will not be tried again (retries: 2); the last, reduce#1.1: exit code 3',
      ],
    ],
  ])('%s', (_, task, events, reasons) => {
    expect(explained(task, events).reasons).toEqual(reasons)
  })

  test('what the run says comes first, and is shown with the counts', () => {
    const explanation = explained({}, [queued('reduce', 1, 1), queued('reduce', 2, 1)], {
      reasons: ['needs 1 free core', '"/a" is not complete'],
    })
    expect(explanation).toMatchObject({ pending: 2, running: 0, ended: 0, trigger: 'a file in data' })
    expect(explanationText([explanation], { width: 80, colour: false })).toBe(
      'reduce: 2 pending, 0 running, 0 ended\n  * needs 1 free core\n  * "/a" is not complete\n',
    )
  })
})

test('after the end, status and summary say why items were left, as the run said it just before', () => {
  const { state, details } = begun({}, [
    queued('reduce', 1, 1),
    { type: 'application-ended', at: at(9), code: 0, signal: null },
    { type: 'items-left', at: at(9), task: 'reduce', items: 1, reasons: ['needs 2 free cores', 'and so on'] },
    { type: 'launch-ended', at: at(10) },
  ])
  const status = statusOf(state, { now: at(20), alive: false, details, snapshot: null })
  expect(status?.waiting[0]?.reason).toMatch(/^needs 2 free cores; and so on; the run is over; .*odop drain/)
  const summary = summarize(state, { now: at(20), details, attemptLog: () => '/log' })
  expect(summary?.notes).toContain('reduce has work items left: needs 2 free cores; and so on')
})

test('while a run lives, status says what it says itself', () => {
  const { state, details } = begun({}, [queued('reduce', 1, 1)])
  const options = { now: at(5), alive: true, details, snapshot: null }
  const waiting = { reduce: ['no memory is left besides the reserve'] }
  expect(statusOf(state, { ...options, waiting })?.waiting[0]?.reason).toBe(
    'no memory is left besides the reserve',
  )
  expect(statusOf(state, { ...options, waiting: {} })?.waiting[0]?.reason).toContain('waits for idle cores')
})
