import { describe, expect, test } from 'vitest'
import { explain } from '../../src/core/explain.ts'
import type { SlowdownLook } from '../../src/core/model.ts'
import { type BackOff, CALM, heldBack, nextBackOff, nextBackOffs } from '../../src/core/schedule/back-off.ts'
import { schedule } from '../../src/core/schedule.ts'
import { facts, items, look, run, snapshot, started, T0, task } from './fixtures.ts'

const MAX = 0.03

/**
 * An application that loses `perCore` of its speed for each core that attempts use, measured as the agent does it: over
 * the last 5 s in which attempts ran.
 */
class Simulation {
  now = T0
  backOff: BackOff = CALM
  readonly allowed: number[] = []
  #besideSince: number | null = null
  #usedBefore = 0

  readonly cores: number
  readonly baselineKnown: boolean
  perCore: number

  constructor(cores: number, perCore: number, baselineKnown = true) {
    this.cores = cores
    this.perCore = perCore
    this.baselineKnown = baselineKnown
  }

  go(seconds: number): void {
    for (const end = this.now + seconds * 1000; this.now < end; this.now += 100) this.#look()
  }

  get usedCores(): number {
    return heldBack(this.backOff, MAX, this.now)?.allowedCores ?? this.cores
  }

  get changes(): number {
    return this.allowed.filter((cores, at) => at > 0 && cores !== this.allowed[at - 1]).length
  }

  #look(): void {
    const used = this.usedCores
    this.allowed.push(used)
    if (used !== this.#usedBefore) this.#besideSince = used > 0 ? this.now : null
    this.#usedBefore = used
    this.backOff = nextBackOff(this.backOff, {
      slowdown: this.#measured(used),
      maxSlowdown: MAX,
      usableCores: this.cores,
      usedCores: used,
      now: this.now,
    })
  }

  #measured(used: number): SlowdownLook | null {
    if (this.#besideSince === null || this.now - this.#besideSince < 1000) return null
    const since = Math.max(this.#besideSince, this.now - 5000)
    const pauseSeconds = this.baselineKnown ? null : 1.2
    return { share: used * this.perCore, by: 'run-delay', since, pauseSeconds }
  }
}

describe('backing off', () => {
  test('does nothing while the slowdown is allowed', () => {
    const calm = new Simulation(8, 0.003)
    calm.go(600)
    expect(calm.backOff).toEqual(CALM)
  })

  test('halves the cores when it is not', () => {
    const over = new Simulation(8, 0.01)
    over.go(2)
    expect(over.usedCores).toBe(4)
    expect(over.backOff).toMatchObject({ slowdown: expect.closeTo(0.08), times: 1 })
  })

  test('goes down to no core at all where a single one is too much', () => {
    const over = new Simulation(8, 0.1)
    over.go(9)
    expect(over.usedCores).toBe(0)
  })

  test('settles without flapping, and rarely tries again what has failed', () => {
    const over = new Simulation(8, 0.1)
    over.go(3600)
    expect(over.changes).toBeLessThan(40)
    const exposed = over.allowed.filter(cores => cores > 0).length / over.allowed.length
    // What the application loses on the whole is far under what is allowed.
    expect(exposed * 0.1).toBeLessThan(MAX / 2)
  })

  test('finds the number of cores that the application bears', () => {
    const some = new Simulation(16, 0.005)
    some.go(1200)
    const last = some.allowed.slice(-6000)
    expect(Math.max(...last)).toBeLessThanOrEqual(8)
    expect(last.reduce((sum, cores) => sum + cores, 0) / last.length).toBeGreaterThan(2)
  })

  test('gives all cores back after the trouble is over', () => {
    const over = new Simulation(4, 0.1)
    over.go(60)
    over.perCore = 0
    over.go(600)
    expect(over.usedCores).toBe(4)
    expect(heldBack(over.backOff, MAX, over.now)).toBeNull()
  })

  test('between half of what is allowed and all of it nothing changes', () => {
    const over = new Simulation(4, 0.01)
    over.go(60)
    expect(over.usedCores).toBe(2)
    over.go(600)
    expect(over.changes).toBe(1)
  })

  test('what was measured before a change is not held against it', () => {
    const before: BackOff = { ...CALM, allowedCores: 2, changedAt: T0, change: 'tightened', times: 1 }
    const slowdown: SlowdownLook = { share: 0.5, by: 'run-delay', since: T0 - 1, pauseSeconds: null }
    const seen = { slowdown, maxSlowdown: MAX, usableCores: 4, usedCores: 2, now: T0 + 3000 }
    expect(nextBackOff(before, seen)).toBe(before)
    expect(nextBackOff(before, { ...seen, slowdown: { ...slowdown, since: T0 } }).allowedCores).toBe(1)
  })
})

describe('pauses', () => {
  test('are made while it is not known how the application does alone, for a small part of the time', () => {
    const unknown = new Simulation(2, 0, false)
    unknown.go(240)
    const paused = unknown.allowed.filter(cores => cores === 0).length / unknown.allowed.length
    expect(paused).toBeGreaterThan(0.03)
    expect(paused).toBeLessThan(0.07)
  })
  test('end by themselves', () => {
    const pausing: BackOff = { ...CALM, pausedUntil: T0 + 1000, lastPauseAt: T0 }
    expect(heldBack(pausing, MAX, T0)).toMatchObject({
      allowedCores: 0,
      reason: expect.stringContaining('alone'),
    })
    expect(heldBack(pausing, MAX, T0 + 1000)).toBeNull()
  })
})

describe('what follows from it', () => {
  const reason = 'odop backs off: slowdown 5 % over the 3 % allowed, by run-queue delay'
  const node = facts()
  const held = (allowedCores: number) => snapshot({ ...look(node), heldBack: { allowedCores, reason } })
  const running = (parts = {}) =>
    run({
      nodes: [facts(parts)],
      tasks: [task()],
      events: [
        ...items('reduce', 3),
        started('reduce#1.1', T0, { node: 'n1', cores: [0] }),
        started('reduce#2.1', T0 + 1, { node: 'n1', cores: [1] }),
      ],
    })

  test('it says why', () => {
    const backOff: BackOff = { ...CALM, allowedCores: 1, slowdown: 0.05 }
    expect(heldBack({ ...backOff, changedAt: T0 }, MAX, T0)).toEqual({
      allowedCores: 1,
      reason,
      until: T0 + 10_000,
    })
    expect(heldBack({ ...backOff, slowdown: 0.0512, by: 'progress' }, 0.005, T0)?.reason).toBe(
      "odop backs off: slowdown 5.1 % over the 0.5 % allowed, by the application's progress",
    )
  })

  test.each([
    ['kernel', { yieldMode: 'kernel' }],
    ['suspend', { yieldMode: 'suspend' }],
  ] as const)('what started last is suspended (%s)', (_, parts) => {
    expect(schedule(running(parts), held(1), T0 + 1000)).toEqual([
      { type: 'suspend', attempt: 'reduce#2.1', reason },
    ])
    expect(schedule(running(parts), held(0), T0 + 1000).map(action => action.type)).toEqual([
      'suspend',
      'suspend',
    ])
  })

  test('it stays so, goes on when it may, and is requeued after a minute', () => {
    const state = run({
      events: [
        ...items('reduce', 1),
        started('reduce#1.1', T0, { node: 'n1', cores: [0] }),
        { type: 'attempt-suspended', at: T0, attempt: 'reduce#1.1', reason },
      ],
    })
    expect(schedule(state, held(0), T0 + 59_000)).toEqual([])
    expect(schedule(state, held(1), T0 + 59_000)).toEqual([{ type: 'resume', attempt: 'reduce#1.1' }])
    expect(schedule(state, held(0), T0 + 60_000)).toEqual([
      {
        type: 'terminate',
        attempt: 'reduce#1.1',
        outcome: 'requeued',
        reason: `suspended for 60s: ${reason}`,
      },
    ])
  })

  test('nothing starts beyond what is allowed, and explain says why', () => {
    const state = run({ events: items('reduce', 4) })
    const starts = (allowed: number) =>
      schedule(state, held(allowed), T0).filter(({ type }) => type === 'start')
    expect([0, 1, 2].map(allowed => starts(allowed).length)).toEqual([0, 1, 2])
    expect(explain(state, held(0), T0, 'reduce')).toEqual([
      `${reason}; attempts may use no core of a node until it is under half of what is allowed`,
    ])
    const known = { ...look(node), heldBack: { allowedCores: 0, reason, until: T0 + 12_000 } }
    expect(explain(state, snapshot(known), T0, 'reduce')).toEqual([
      `${reason}; attempts may use no core of a node until 00:00:12 UTC (12s) at least`,
    ])
  })

  test('only with maxSlowdown, and while the application runs', () => {
    const slowdown: SlowdownLook = { share: 0.05, by: 'run-delay', since: T0, pauseSeconds: null }
    const looks = [{ ...look(node), slowdown }]
    const placed = started('reduce#1.1', T0, { node: 'n1', cores: [0, 1] })
    const application = { type: 'application-started', at: T0, pid: 7 } as const
    const end = { type: 'application-ended', at: T0, code: 0, signal: null } as const
    const events = [...items('reduce', 1), placed, application]
    const decided = (maxSlowdown: number | null) =>
      nextBackOffs(run({ settings: { maxSlowdown }, events }), looks, new Map(), T0 + 6000)
    expect(decided(MAX).get('n1')).toMatchObject({ allowedCores: 1, times: 1 })
    expect(decided(null).size).toBe(0)
    const over = run({ settings: { maxSlowdown: MAX }, events: [...events, end] })
    expect(nextBackOffs(over, looks, new Map(), T0 + 6000).size).toBe(0)
  })
})
