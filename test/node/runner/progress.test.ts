import { afterEach, beforeEach, describe, expect, it, test, vi } from 'vitest'
import { isWorthTelling } from '../../../src/core/attempt-progress.ts'
import { type Progress, ProgressTeller, progressIn } from '../../../src/node/runner/progress.ts'

describe('what an attempt says of its progress', () => {
  const told: Progress[] = []
  const teller = () => new ProgressTeller(progress => told.push(progress))

  beforeEach(() => {
    told.length = 0
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('is told at most twice a second, and the last of it in any case', () => {
    const progress = teller()
    for (let step = 1; step <= 300; step += 1) {
      progress.report(step / 300, `slice ${step}`)
      vi.advanceTimersByTime(10)
    }
    vi.advanceTimersByTime(1000)
    expect(told.length).toBeGreaterThanOrEqual(5)
    expect(told.length).toBeLessThanOrEqual(7)
    expect(told.at(-1)).toEqual({ fraction: 1, text: 'slice 300' })
  })

  it('is not told of an attempt that is over within a second', () => {
    const progress = teller()
    progress.report(0.5)
    vi.advanceTimersByTime(900)
    progress.close()
    vi.advanceTimersByTime(5000)
    expect(told).toEqual([])
  })

  it('is a share from 0 to 1 and one line, and nothing else', () => {
    const progress = teller()
    for (const wrong of [Number.NaN, '0.4', null, undefined]) progress.report(wrong)
    vi.advanceTimersByTime(2000)
    expect(told).toEqual([])
    progress.report(7, ' two\nlines ')
    expect(told).toEqual([{ fraction: 1, text: 'two' }])
  })
})

test.each<[string, Progress | null]>([
  ['0.4 slice 12', { fraction: 0.4, text: 'slice 12' }],
  ['ODOP_PROGRESS .5', { fraction: 0.5, text: null }],
  ['40% slice 12\n', { fraction: 0.4, text: 'slice 12' }],
  ['0.1 a\n0.2 b\nnoise', { fraction: 0.2, text: 'b' }],
  ['', null],
  ['soon', null],
])('%j in the file of a command', (content, progress) => {
  expect(progressIn(content)).toEqual(progress)
})

test('it is recorded each 5 % or each 10 s', () => {
  const before = { at: 0, fraction: 0.3, text: null }
  expect(isWorthTelling(null, 0, 0)).toBe(true)
  expect(isWorthTelling(before, 0.35, 1)).toBe(true)
  expect(isWorthTelling(before, 0.34, 9_999)).toBe(false)
  expect(isWorthTelling(before, 0.3, 10_000)).toBe(true)
})
