import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { workLeft } from '../../src/core/dependencies.ts'
import type { OdopEvent } from '../../src/core/events.ts'
import { explain } from '../../src/core/explain.ts'
import type { Dependency, TaskDefinition } from '../../src/core/model.ts'
import { schedule } from '../../src/core/schedule.ts'
import { apply, type RunState, replay } from '../../src/core/state.ts'
import {
  defined,
  ended,
  facts,
  launched,
  look,
  queued,
  run,
  snapshot,
  started,
  T0,
  task,
} from './fixtures.ts'
import { World } from './world.ts'

const node = facts({ count: 4 })
const core = (number: number) => ({ node: 'n1', cores: [number] })
const plot = (dependsOn: Dependency | null) => task({ name: 'plot', dependsOn })
const all = (...tasks: string[]): Dependency => ({ of: 'all', tasks })
const any = (...tasks: string[]): Dependency => ({ of: 'any', tasks })

describe('dependsOn', () => {
  const cases: [string, Dependency | null, OdopEvent[], readonly string[], string | null][] = [
    ['nothing', null, [queued('reduce', 1)], [], null],
    ['a task that never had an item', all('reduce'), [], [], null],
    [
      'a pending item',
      all('reduce'),
      [queued('reduce', 1)],
      [],
      'waits until reduce has nothing left to do (1 pending)',
    ],
    [
      'a running one',
      all('reduce'),
      [queued('reduce', 1), started('reduce#1.1', T0, core(0))],
      [],
      'waits until reduce has nothing left to do (1 running)',
    ],
    [
      'a completed one',
      all('reduce'),
      [queued('reduce', 1), started('reduce#1.1', T0, core(0)), ended('reduce#1.1', T0)],
      [],
      null,
    ],
    [
      'one that is tried again',
      all('reduce'),
      [
        queued('reduce', 1),
        started('reduce#1.1', T0, core(0)),
        ended('reduce#1.1', T0, 'failed', T0 + 60_000),
      ],
      [],
      'waits until reduce has nothing left to do (1 pending)',
    ],
    [
      'one that has failed for good',
      all('reduce'),
      [queued('reduce', 1), started('reduce#1.1', T0, core(0)), ended('reduce#1.1', T0, 'failed')],
      [],
      null,
    ],
    [
      'files that are not complete',
      all('reduce'),
      [],
      ['reduce'],
      'waits until reduce has nothing left to do (files that are not complete yet)',
    ],
    ['files of another task', all('reduce'), [], ['check'], null],
    [
      'a task that was removed with pending items',
      all('reduce'),
      [queued('reduce', 1), { type: 'task-removed', at: T0, task: 'reduce' }],
      [],
      null,
    ],
    [
      'all of two',
      all('reduce', 'check'),
      [queued('reduce', 1), queued('check', 1)],
      [],
      'waits until reduce and check have nothing left to do (reduce: 1 pending; check: 1 pending)',
    ],
    [
      'one of two',
      all('reduce', 'check'),
      [queued('check', 1)],
      [],
      'waits until check has nothing left to do (1 pending)',
    ],
    ['any of two', any('reduce', 'check'), [queued('reduce', 1)], [], null],
    [
      'any, and none has',
      any('reduce', 'check'),
      [queued('reduce', 1), queued('check', 1)],
      ['check'],
      'waits until reduce or check has nothing left to do (reduce: 1 pending; check: 1 pending, files that are not complete yet)',
    ],
  ]

  test.each(cases)('on %s', (_, dependsOn, events, incoming, reason) => {
    const tasks = [task({ cpus: 4 }), task({ name: 'check', cpus: 4 }), plot(dependsOn)]
    const state = run({ nodes: [node], tasks, events: [...events, queued('plot', 1)] })
    const seen = { ...snapshot(look(node)), incoming: new Set(incoming) }
    const starts = schedule(state, seen, T0).some(
      action => action.type === 'start' && action.item === 'plot#1',
    )
    if (reason !== null) {
      expect(starts).toBe(false)
      expect(explain(state, seen, T0, 'plot')).toEqual([reason])
    } else expect(explain(state, seen, T0, 'plot').join()).not.toMatch(/waits until/)
  })

  test('nothing follows a running attempt in its runner while it waits', () => {
    const world = new World([facts({ count: 1 })], [task(), plot(all('reduce'))])
    for (let number = 0; number < 40; number += 1) {
      world.queue('reduce')
      world.queue('plot')
    }
    const order: string[] = []
    for (let turn = 0; turn < 300 && world.state.pendingCount + world.state.running.size > 0; turn += 1) {
      world.turn(() => 0.01)
      world.pass(0.02)
    }
    for (const event of world.journal) if (event.type === 'attempt-started') order.push(event.task)
    expect(order).toEqual([...Array(40).fill('reduce'), ...Array(40).fill('plot')])
  })

  test('whatever is queued when: no attempt of a task starts while one that it depends on has work', () =>
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'b', 'c', null), { maxLength: 40 }),
        fc.constantFrom('all' as const, 'any' as const),
        (arrivals, of) => {
          const tasks = [
            task({ name: 'a' }),
            task({ name: 'b', dependsOn: all('a') }),
            task({ name: 'c', priority: 5, dependsOn: { of, tasks: ['a', 'b'] } }),
          ]
          const world = new World([facts({ count: 3 })], tasks)
          const left = (name: string) => workLeft(world.state.tasks.get(name) as never) > 0
          for (const arrival of arrivals) {
            if (arrival !== null) world.queue(arrival)
            const before = { a: left('a'), b: left('b') }
            const actions = world.turn(() => 3)
            const starting = actions.flatMap(action => (action.type === 'start' ? [action.item[0]] : []))
            if (before.a) expect(starting).not.toContain('b')
            if (of === 'all' ? before.a || before.b : before.a && before.b)
              expect(starting).not.toContain('c')
            world.pass(1)
          }
          for (let turn = 0; turn < 500 && world.state.items.size > 0; turn += 1) {
            world.turn(() => 1)
            world.pass(1)
          }
          expect(world.state.items.size).toBe(0)
        },
      ),
      { numRuns: 100 },
    ))
})

describe('after', () => {
  const plotAfter = (parts: Partial<TaskDefinition> = {}) =>
    task({ name: 'plot', trigger: { kind: 'after', task: 'reduce' }, ...parts })
  const reduced = (number: number, result?: unknown): OdopEvent[] => [
    queued('reduce', number, T0, { file: `/f${number}` }),
    started(`reduce#${number}.1`, T0, core(0)),
    { ...ended(`reduce#${number}.1`, T0), ...(result === undefined ? {} : { result }) } as OdopEvent,
  ]
  const follow = (number: number, source: number): OdopEvent => {
    const event = queued('plot', number, T0, { file: `/f${source}` }) as Extract<
      OdopEvent,
      { type: 'item-queued' }
    >
    return { ...event, item: { ...event.item, after: `reduce#${source}` } }
  }
  const waiting = (state: RunState) => [...(state.tasks.get('plot')?.completions.values() ?? [])]

  test('what has completed waits for its item, with what it returned and its files', () => {
    const state = run({ tasks: [task(), plotAfter()], events: [...reduced(1, { mean: 2 }), ...reduced(2)] })
    expect(waiting(state)).toEqual([
      { item: 'reduce#1', result: { mean: 2 }, files: ['/f1'], node: null },
      { item: 'reduce#2', result: null, files: ['/f2'], node: null },
    ])
    apply(state, follow(1, 1))
    expect(waiting(state).map(({ item }) => item)).toEqual(['reduce#2'])
    expect(state.items.get('plot#1')).toMatchObject({ files: ['/f1'], completion: { result: { mean: 2 } } })
  })

  test.each(['failed', 'timeout', 'cancelled', 'requeued'] as const)('not what is %s', outcome => {
    const events = [queued('reduce', 1), started('reduce#1.1', T0, core(0)), ended('reduce#1.1', T0, outcome)]
    expect(waiting(run({ tasks: [task(), plotAfter()], events }))).toEqual([])
  })

  test('a completion outlives its launch, also one that does not know the task after it', () => {
    const first = [launched(), defined(task()), defined(plotAfter()), ...reduced(1, 1)]
    const withoutPlot = [launched(), defined(task()), ...reduced(2, 2)]
    const state = replay([...first, ...withoutPlot, launched(), defined(task()), defined(plotAfter())])
    expect(waiting(state).map(({ result }) => result)).toEqual([1, 2])
  })

  test('nothing is kept where no task comes after, or comes after another one now', () => {
    expect(run({ events: reduced(1, 'x') }).tasks.size).toBe(1)
    const state = run({ tasks: [task(), plotAfter()], events: reduced(1, 'x') })
    apply(state, defined(plotAfter({ trigger: { kind: 'after', task: 'check' } })))
    expect(waiting(state)).toEqual([])
    expect(state.tasks.get('reduce')?.successors.size).toBe(0)
  })

  test('work that is not queued yet counts, but not beyond maxRuns', () => {
    const left = (parts: Partial<TaskDefinition>) => {
      const state = run({ tasks: [task(), plotAfter(parts)], events: [...reduced(1), ...reduced(2)] })
      return workLeft(state.tasks.get('plot') as never)
    }
    expect([left({}), left({ maxRuns: 1 })]).toEqual([2, 1])
  })
})
