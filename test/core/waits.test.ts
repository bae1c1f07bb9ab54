import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addWait, newWaits, waitSeconds } from '../../src/core/waits.ts'

function waitsOf(seconds: readonly number[]) {
  const waits = newWaits()
  for (const wait of seconds) addWait(waits, wait)
  return waits
}

test('nothing yet', () => expect(waitSeconds(newWaits())).toBeNull())
test('one is exact', () => expect(waitSeconds(waitsOf([1.2345]))).toEqual({ median: 1.2345, max: 1.2345 }))
test('a clock that was set back does no harm', () =>
  expect(waitSeconds(waitsOf([-5]))).toEqual({ median: 0, max: 0 }))

test('the median is right to 1 %, the maximum exact', () =>
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1 }), seconds => {
      const sorted = [...seconds].sort((a, b) => a - b)
      const median = sorted[Math.ceil(sorted.length / 2) - 1] as number
      const found = waitSeconds(waitsOf(seconds))
      expect(found?.max).toBe(sorted.at(-1))
      expect(Math.abs((found?.median ?? 0) - median)).toBeLessThanOrEqual(median * 0.0101)
    }),
  ))

test('a million waits need little memory', () => {
  const waits = newWaits()
  for (let index = 0; index < 1_000_000; index += 1) addWait(waits, (index * 7919) % 200_000)
  expect(waits.buckets.size).toBeLessThan(1100)
})
