import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { OdopEvent } from '../../src/core/events.ts'
import { type Status, type StatusOptions, statusOf } from '../../src/views/status.ts'
import { statusText } from '../../src/views/status-text.ts'
import { stringWidth } from '../../src/views/string-width.ts'
import {
  at,
  ended,
  launched,
  launchStarted,
  nodeUsage,
  queued,
  started,
  taskDefinition,
  told,
} from './samples.ts'

function statusAt(
  seconds: number,
  events: readonly OdopEvent[],
  other: Partial<Pick<StatusOptions, 'alive' | 'snapshot'>> = {},
): Status {
  const { state, details } = told(...events)
  const status = statusOf(state, { now: at(seconds), details, alive: true, snapshot: null, ...other })
  if (status === null) throw new Error('nothing was launched')
  return status
}

/** One attempt runs, one is suspended, one item waits. */
const busy: readonly OdopEvent[] = [
  ...launched(),
  { type: 'task-defined', at: at(0), task: taskDefinition('reduce', { timeSeconds: 120 }) },
  queued('reduce', 1, 1),
  queued('reduce', 2, 1),
  queued('reduce', 3, 1),
  queued('reduce', 4, 1),
  started('reduce', '1.1', 2),
  ended('reduce', '1.1', 4),
  started('reduce', '2.1', 4),
  started('reduce', '3.1', 5),
  { type: 'attempt-suspended', at: at(10), attempt: 'reduce#2.1', reason: 'the application needs core 1' },
  { type: 'usage', at: at(9), usage: nodeUsage('n1') },
  { type: 'note', at: at(9), level: 'warning', text: 'a warning', node: 'n1' },
]
const applicationEnded: OdopEvent = { type: 'application-ended', at: at(11), code: null, signal: 'SIGTERM' }

describe('statusOf', () => {
  it('is null before the first launch', () => {
    const { state, details } = told()
    expect(statusOf(state, { now: 0, details, alive: true, snapshot: null })).toBeNull()
  })

  it('tells what a live run is doing', () => {
    expect(statusAt(20, busy)).toMatchObject({
      schema: 1,
      run: 'heat',
      state: 'live',
      mode: 'run',
      end: null,
      wallSeconds: 20,
      application: { state: 'running', pid: 4712, code: null, signal: null },
      harvest: { availableCoreSeconds: 10, harvestedCoreSeconds: 8, share: 0.8 },
      tasks: [{ name: 'reduce', pending: 1, running: 1, suspended: 1, completed: 1, failed: 0 }],
      attempts: [
        {
          attempt: 'reduce#2.1',
          state: 'suspended',
          node: 'n1',
          cores: [1],
          elapsedSeconds: 6,
          limitSeconds: 120,
          reason: 'the application needs core 1',
        },
        { attempt: 'reduce#3.1', state: 'running', elapsedSeconds: 15, reason: null },
      ],
      waiting: [
        { task: 'reduce', items: 1, reason: expect.stringMatching(/^waits for idle cores or memory/) },
      ],
      notes: [{ at: '2026-03-01T12:00:09.000Z', level: 'warning', text: 'n1: a warning' }],
    })
  })

  it('knows a run that drains, one that was killed, and one that has ended', () => {
    const all = [...busy, applicationEnded]
    expect(statusAt(20, all).state).toBe('draining')
    expect(statusAt(20, all, { alive: false }).state).toBe('interrupted')
    expect(statusAt(20, [...all, { type: 'launch-ended', at: at(12) }], { alive: false }).state).toBe('ended')
    expect(statusAt(20, [launchStarted(0, { mode: 'drain' })]).state).toBe('draining')
  })

  it('tells of a killed run what the next one will find, up to its last event', () => {
    expect(statusAt(9999, busy, { alive: false })).toMatchObject({
      wallSeconds: 10,
      attempts: [],
      tasks: [{ pending: 3, running: 0, suspended: 0, completed: 1 }],
      waiting: [{ items: 3, reason: 'the run is over; work it off with: odop drain heat' }],
    })
  })

  it.each([
    ['starting', [launchStarted()]],
    ['none', [launchStarted(0, { mode: 'drain' })]],
    ['running', launched()],
    ['ended', [...launched(), applicationEnded]],
  ] as const)('the application is %s', (state, events) =>
    expect(statusAt(20, events).application.state).toBe(state),
  )

  describe('says why work items wait:', () => {
    const reasonOf = (...events: readonly OdopEvent[]) =>
      statusAt(20, [...launched(), ...events]).waiting[0]?.reason

    it('what never fits', () => {
      const task = taskDefinition('big', { cpus: 64 })
      expect(reasonOf({ type: 'task-defined', at: at(0), task }, queued('big', 1, 1))).toContain(
        'can never run here',
      )
    })

    it('what is not loaded', () => expect(reasonOf(queued('old', 1, 1))).toContain('no task of this name'))

    it('a retry', () => {
      const failure = { outcome: 'failed', reason: 'exit code 1', retryAt: at(80) } as const
      expect(
        reasonOf(queued('reduce', 1, 1), started('reduce', '1.1', 2), ended('reduce', '1.1', 3, failure)),
      ).toBe('waits 1m before it is tried again')
    })

    it('more than maxRuns', () => {
      const task = taskDefinition('reduce', { maxRuns: 1 })
      const define = { type: 'task-defined', at: at(0), task } as const
      const done = [queued('reduce', 1, 1), started('reduce', '1.1', 2), ended('reduce', '1.1', 3)]
      expect(reasonOf(define, ...done, queued('reduce', 2, 4))).toBe('more than a run takes (maxRuns: 1)')
    })

    it('what the scheduler says, where the present is known', () => {
      const snapshot = { nodes: [], remainingSeconds: null }
      expect(statusAt(20, busy, { snapshot }).waiting[0]?.reason).toBe('no node has reported yet')
    })
  })
})

describe('statusText', () => {
  it('tells what a live run is doing', () => {
    expect(statusText(statusAt(20, busy), { width: 80, colour: false })).toMatchInlineSnapshot(`
      "heat: live (run, 20s)
      Command     node heat.js
      Application running, pid 4712
      odop        pid 4711 on n1
      Started     2026-03-01 12:00:00 UTC
      Harvested   8 of 10 core-seconds (80%)

      Task    Pending  Running  Suspended  Completed  Failed  Timeout  Cancelled
      reduce        1        1          1          1       0        0          0

      Attempt     State      Time  Limit  Node  Cores  Why
      reduce#2.1  suspended    6s     2m  n1    1      the application needs core 1
      reduce#3.1  running     15s     2m  n1    1

      Waiting
        * reduce (1): waits for idle cores or memory; attempts hold 1 of 2 cores

      Last notes
        * 12:00:09 n1: a warning
      "
    `)
  })

  it('is short about a run that has ended', () => {
    const events = [...launched(), applicationEnded, { type: 'launch-ended', at: at(12) } as const]
    expect(
      statusText(statusAt(99, events, { alive: false }), { width: 80, colour: false }),
    ).toMatchInlineSnapshot(`
      "heat: ended (run, 12s)
      Command     node heat.js
      Application ended by SIGTERM
      odop        pid 4711 on n1
      Started     2026-03-01 12:00:00 UTC

      Task    Pending  Running  Suspended  Completed  Failed  Timeout  Cancelled
      reduce        0        0          0          0       0        0          0
      "
    `)
  })

  it('is never wider than the terminal, and holds no control characters', () => {
    const name = fc.string({ unit: 'binary', minLength: 1 })
    fc.assert(
      fc.property(name, fc.array(name), fc.integer({ min: 20, max: 150 }), (some, command, width) => {
        const status = statusAt(20, busy)
        const waiting = [{ task: some, items: 1, reason: some }]
        const tasks = status.tasks.map(task => ({ ...task, name: some }))
        const attempts = status.attempts.map(attempt => ({ ...attempt, attempt: some, reason: some }))
        const shown = { ...status, run: some, host: some, command, waiting, tasks, attempts }
        for (const line of statusText(shown, { width, colour: false }).split('\n')) {
          expect(stringWidth(line)).toBeLessThanOrEqual(width)
          expect(line).not.toMatch(/\p{Cc}/u)
        }
      }),
      { numRuns: 50 },
    )
  })
})
