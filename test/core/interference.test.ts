import { describe, expect, test } from 'vitest'
import {
  addInterval,
  addRecent,
  changeCompany,
  companySeconds,
  type Interval,
  NO_COMPANY,
  NO_INTERFERENCE,
  type RecentInterference,
  recentSlowdown,
  slowdownOf,
  sumOfInterference,
  worseSlowdown,
} from '../../src/core/interference.ts'
import type { SlowdownLook } from '../../src/core/model.ts'
import { T0 } from './fixtures.ts'

const interval = (besideSeconds: number, delay: number, cpu = 1): Interval => ({
  seconds: 1,
  besideSeconds,
  appCpuSeconds: cpu,
  appRunDelaySeconds: delay,
})

describe('what an interval counts for', () => {
  test.each([
    ['attempts all the time', 1, 'beside'],
    ['in 80 % of it', 0.8, 'beside'],
    ['in less', 0.79, null],
    ['in more than 5 %', 0.06, null],
    ['in 5 %', 0.05, 'alone'],
    ['never', 0, 'alone'],
  ] as const)('%s', (_, besideSeconds, company) => {
    const sum = addInterval(NO_INTERFERENCE, interval(besideSeconds, 0.1))
    expect(sum.beside.seconds).toBe(company === 'beside' ? 1 : 0)
    expect(sum.alone.appRunDelaySeconds).toBe(company === 'alone' ? 0.1 : 0)
  })

  test('nothing without any length, as when the clock is set back', () => {
    expect(addInterval(NO_INTERFERENCE, { ...interval(0, 1), seconds: -3 })).toBe(NO_INTERFERENCE)
  })
})

describe('the slowdown', () => {
  const measured = (beside: number, alone: number, cpu = 1) =>
    addInterval(addInterval(NO_INTERFERENCE, interval(1, beside, cpu)), interval(0, alone, cpu))

  test('compares what threads wait for each second that they run', () => {
    expect(slowdownOf(measured(0.26, 0.05))).toEqual({ share: expect.closeTo(0.2), baseline: 'measured' })
  })
  test('is not known before the application has run for a second beside attempts', () => {
    expect(slowdownOf(measured(0.2, 0, 0.9))).toBeNull()
  })
  test('is compared with no delay where the application was never alone', () => {
    const sum = addInterval(NO_INTERFERENCE, interval(1, 0.2))
    expect(slowdownOf(sum)).toEqual({ share: expect.closeTo(0.2), baseline: 'assumed' })
  })
  test('of several nodes is that of their sums', () => {
    const sum = sumOfInterference([measured(0.5, 0.1), measured(0.1, 0.1)])
    expect(sum.beside).toEqual({ seconds: 2, appCpuSeconds: 2, appRunDelaySeconds: 0.6 })
    expect(slowdownOf(sum)?.share).toBeCloseTo(1.3 / 1.1 - 1)
  })
})

describe('the slowdown at present', () => {
  const recentOf = (intervals: readonly Interval[]): RecentInterference =>
    intervals.reduce<RecentInterference>((sum, each, at) => addRecent(sum, each, T0 + (at + 1) * 1000), [])
  const alone = Array.from({ length: 10 }, () => interval(0, 0))
  const beside = (delay: number, count: number) => Array.from({ length: count }, () => interval(1, delay))

  test('is that of the last seconds', () => {
    const recent = recentOf([...alone, ...beside(0, 20), ...beside(0.1, 5)])
    const look = recentSlowdown(recent, T0 + 35_000)
    expect(look).toMatchObject({ by: 'run-delay', pauseSeconds: null })
    expect(look.share).toBeCloseTo(0.1)
    expect(look.since).toBeGreaterThanOrEqual(T0 + 30_000)
  })
  test('is not known when there was nothing beside attempts lately', () => {
    const recent = recentOf([...beside(0.1, 5), ...alone])
    expect(recentSlowdown(recent, T0 + 15_000)).toMatchObject({
      share: null,
      since: null,
      pauseSeconds: null,
    })
  })
  test('asks for a pause while the application has not been alone', () => {
    expect(recentSlowdown(recentOf(beside(0.1, 5)), T0 + 5000)).toMatchObject({ pauseSeconds: 1.2 })
  })
  test('forgets how the application was alone after five minutes', () => {
    const recent = recentOf([...alone, ...beside(0.1, 320)])
    expect(recent.length).toBeLessThan(310)
    expect(recentSlowdown(recent, T0 + 330_000).pauseSeconds).toBe(1.2)
  })
  test('joins looks within a second', () => {
    const looks = Array.from({ length: 50 }, () => ({ ...interval(0.1, 0.01, 0.1), seconds: 0.1 }))
    const recent = looks.reduce<RecentInterference>(
      (sum, each, at) => addRecent(sum, each, T0 + at * 100),
      [],
    )
    expect(recent.length).toBeLessThanOrEqual(6)
    expect(sumOfInterference(recent.map(({ sums }) => sums)).beside.seconds).toBeCloseTo(5)
  })
})

describe('the worse of two measures', () => {
  const look = (share: number | null, pauseSeconds: number | null): SlowdownLook => ({
    share,
    by: 'progress',
    since: T0,
    pauseSeconds,
  })
  test('is the larger share, with the longer of the pauses', () => {
    expect(worseSlowdown(look(0.1, null), look(0.2, 3))).toEqual(look(0.2, 3))
    expect(worseSlowdown(look(0.3, 5), look(null, 8))).toEqual(look(0.3, 8))
    expect(worseSlowdown(null, look(0.2, 1))).toEqual(look(0.2, 1))
    expect(worseSlowdown(null, null)).toBeNull()
  })
})

test('company adds up the time in which any attempt executes', () => {
  const began = changeCompany(NO_COMPANY, true, T0)
  const still = changeCompany(began, true, T0 + 500)
  const over = changeCompany(still, false, T0 + 1000)
  expect([began, over].map(company => companySeconds(company, T0 + 3000))).toEqual([3, 1])
  expect(companySeconds(changeCompany(over, true, T0 + 3000), T0 + 4000)).toBe(2)
})
