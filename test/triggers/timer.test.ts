import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startTimer } from '../../src/triggers/timer.ts'
import { Collector } from './watched.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function start(everySeconds: number) {
  const collector = new Collector()
  const source = startTimer(collector.context({ kind: 'timer', everySeconds }), everySeconds)
  return { collector, source }
}

test('fires after one period, and then each period', () => {
  const { collector } = start(10)
  expect(collector.fired).toEqual([])
  vi.advanceTimersByTime(9_999)
  expect(collector.fired).toEqual([])
  vi.advanceTimersByTime(1)
  expect(collector.fired).toEqual([{ task: 'reduce', files: [], version: null }])
  vi.advanceTimersByTime(30_000)
  expect(collector.fired).toHaveLength(4)
})

test('does not drift: late wake-ups do not move the next ones', () => {
  const { collector } = start(0.3)
  // Wake-ups come up to 7 ms late.
  for (let n = 0; n < 3000; n += 7) vi.advanceTimersByTime(7)
  expect(collector.fired).toHaveLength(10)
})

test('missed periods fire once', () => {
  const { collector } = start(10)
  let now = performance.now()
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
  now += 57_000
  vi.advanceTimersByTime(10_000)
  expect(collector.fired).toHaveLength(1)
  now += 3_000
  vi.advanceTimersByTime(3_000)
  expect(collector.fired).toHaveLength(2)
  clock.mockRestore()
})

test('a period longer than setTimeout can take', () => {
  const days = 40
  const { collector } = start(days * 86_400)
  vi.advanceTimersByTime((days * 86_400 - 1) * 1000)
  expect(collector.fired).toEqual([])
  vi.advanceTimersByTime(1000)
  expect(collector.fired).toHaveLength(1)
})

test('closed: never again', async () => {
  const { collector, source } = start(1)
  await source.flush({ incompleteBatches: true })
  await source.close()
  vi.advanceTimersByTime(10_000)
  expect(collector.fired).toEqual([])
})
