import { describe, expect, test } from 'vitest'
import type { NodeFacts, NodeSnapshot } from '../../src/core/model.ts'
import {
  FAST_MILLISECONDS,
  nextLookMilliseconds,
  SLOW_MILLISECONDS,
  STEADY_MILLISECONDS,
} from '../../src/core/pace.ts'
import { apply, type RunState } from '../../src/core/state.ts'
import { ended, facts, items, look, type RunParts, run, snapshot, started, T0, task } from './fixtures.ts'

const kernel = facts({ count: 2 })
const suspend = facts({ count: 2, yieldMode: 'suspend' })
const on = (...cores: number[]) => ({ node: 'n1', cores })

function state(node: NodeFacts, parts: RunParts = {}): RunState {
  const application = { type: 'application-started', at: T0, pid: 7 } as const
  return run({ nodes: [node], ...parts, events: [application, ...(parts.events ?? [])] })
}

/** Some time after the launch. */
const LATER = T0 + 10_000

const pace = (of: RunState, seen: NodeSnapshot, now = LATER) => nextLookMilliseconds(of, snapshot(seen), now)

const running = [...items('reduce', 1), started('reduce#1.1', T0, on(0))]
const allHeld = [...items('reduce', 9), started('reduce#1.1', T0, on(0)), started('reduce#2.1', T0, on(1))]
const busy = { judged: { 0: 'busy', 1: 'busy' } } as const

describe('how soon to look again', () => {
  test.each<[string, RunState, NodeSnapshot, number]>([
    ['nothing to do', state(kernel), look(kernel), SLOW_MILLISECONDS],
    ['the kernel yields', state(kernel, { events: running }), look(kernel, busy), STEADY_MILLISECONDS],
    ['odop yields', state(suspend, { events: running }), look(suspend), FAST_MILLISECONDS],
    [
      'an item waits for busy cores',
      state(kernel, { events: items('reduce', 1) }),
      look(kernel, busy),
      FAST_MILLISECONDS,
    ],
    [
      'an item waits for cores that have been busy for long',
      state(kernel, { events: items('reduce', 1) }),
      { ...look(kernel), cores: look(kernel, busy).cores.map(core => ({ ...core, busySeconds: 5 })) },
      STEADY_MILLISECONDS,
    ],
    ['it waits for attempts', state(kernel, { events: allHeld }), look(kernel, busy), STEADY_MILLISECONDS],
    [
      'it waits for something else than cores',
      state(kernel, { events: items('reduce', 1) }),
      look(kernel, { availableMemoryBytes: 0 }),
      STEADY_MILLISECONDS,
    ],
    [
      'it can never run here',
      state(kernel, { tasks: [task({ cpus: 3 })], events: items('reduce', 1) }),
      look(kernel, busy),
      SLOW_MILLISECONDS,
    ],
    [
      'odop holds itself back',
      state(kernel, { settings: { maxSlowdown: 0.03 }, events: running }),
      look(kernel),
      FAST_MILLISECONDS,
    ],
  ])('%s', (_, of, seen, expected) => expect(pace(of, seen)).toBe(expected))

  test('after the application there is nobody whose return must be seen', () => {
    const of = state(suspend, { events: running })
    apply(of, { type: 'application-ended', at: T0, code: 0, signal: null })
    expect(pace(of, look(suspend))).toBe(STEADY_MILLISECONDS)
  })

  test('right after the launch cores are judged before the first item is there', () => {
    expect([0, 1999, 2000].map(after => pace(state(kernel), look(kernel), T0 + after))).toEqual([
      FAST_MILLISECONDS,
      FAST_MILLISECONDS,
      SLOW_MILLISECONDS,
    ])
  })

  test('a retry is not missed', () => {
    const failed = ended('reduce#1.1', T0, 'failed', LATER + 60_000)
    const of = state(kernel, { events: [...running, failed] })
    expect([0, 59_700, 60_000].map(after => pace(of, look(kernel, busy), LATER + after))).toEqual([
      SLOW_MILLISECONDS,
      300,
      FAST_MILLISECONDS,
    ])
  })
})
