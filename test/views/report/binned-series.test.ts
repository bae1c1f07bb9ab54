import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BinnedSeries, binCount, binSeconds, MOST_BINS } from '../../../src/views/report/binned-series.ts'

const START = Date.UTC(2026, 2, 1)

function filled(stays: readonly { readonly seconds: number; readonly value: number }[]): BinnedSeries {
  const series = new BinnedSeries(START)
  let from = START
  for (const { seconds, value } of stays) {
    series.add(from, from + seconds * 1000, value)
    from += seconds * 1000
  }
  return series
}

test('a bin has the mean over its time, and the largest value', () => {
  const series = filled([
    { seconds: 0.05, value: 2 },
    { seconds: 0.05, value: 4 },
    { seconds: 0.1, value: 7 },
  ])
  expect(series.mean(0)).toBeCloseTo(3, 9)
  expect([series.max(0), series.mean(1), series.max(1)]).toEqual([4, 7, 7])
  expect(series.seconds(2)).toBe(0)
})

test('what holds for no time counts for the maximum alone', () => {
  const series = filled([
    { seconds: 0.1, value: 1 },
    { seconds: 0, value: 9 },
    { seconds: 0.1, value: 1 },
  ])
  expect([series.mean(1), series.max(1)]).toEqual([1, 9])
})

test('however long it becomes, nothing of the integral is lost, and no maximum', () => {
  const stay = fc.record({
    seconds: fc.integer({ min: 0, max: 50_000 }),
    value: fc.integer({ min: 0, max: 1000 }),
  })
  fc.assert(
    fc.property(fc.array(stay, { minLength: 1, maxLength: 60 }), stays => {
      const series = filled(stays)
      const bins = Array.from({ length: MOST_BINS }, (_, bin) => bin)
      const all = stays.reduce((sum, { seconds, value }) => sum + seconds * value, 0)
      const whole = stays.reduce((sum, { seconds }) => sum + seconds, 0)
      expect(bins.reduce((sum, bin) => sum + series.sum(bin), 0)).toBeCloseTo(all, 1)
      expect(bins.reduce((sum, bin) => sum + series.seconds(bin), 0)).toBeCloseTo(whole, 3)
      expect(Math.max(...bins.map(bin => series.max(bin)))).toBe(Math.max(...stays.map(({ value }) => value)))
      expect(series.widthSeconds).toBeLessThanOrEqual(Math.max(0.1, binSeconds(whole)))
    }),
    { numRuns: 200 },
  )
})

test('bins are as narrow as their number allows, for a second and for a year', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.001, max: 3e7, noNaN: true }), seconds => {
      const width = binSeconds(seconds)
      expect(width * MOST_BINS).toBeGreaterThanOrEqual(seconds)
      expect(binCount(seconds, width)).toBeLessThanOrEqual(MOST_BINS)
      expect(binCount(seconds, width) * width).toBeGreaterThanOrEqual(seconds - 1e-6 * width)
    }),
  )
  expect([60, 1800, 48 * 3600].map(binSeconds)).toEqual([0.1, 5, 300])
})
