import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/core/units.ts'

describe('parseSize', () => {
  test.each([
    ['1024', 1024],
    [1024, 1024],
    ['0', 0],
    ['10K', 10_240],
    ['10k', 10_240],
    ['500M', 500 * 1024 ** 2],
    ['500MB', 500 * 1024 ** 2],
    ['500 MiB', 500 * 1024 ** 2],
    ['1.5G', 1.5 * 1024 ** 3],
    ['.5G', 0.5 * 1024 ** 3],
    [' 2T ', 2 * 1024 ** 4],
    ['7B', 7],
  ])('%j is %d bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes))

  test.each(['', 'G', '-1G', '1,5G', '5X', '5GG', '1e3', '99999999P', 'NaN', '5 0M', '1.M'])(
    '%j is refused',
    text =>
      expect(parseSize(text)).toEqual({ error: expect.stringContaining(`got ${JSON.stringify(text)}`) }),
  )

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1])('the number %d is refused', number =>
    expect(parseSize(number)).toHaveProperty('error'),
  )

  test('says what was expected', () =>
    expect(parseSize('x')).toEqual({ error: 'expected a size such as 500M or 2G, got "x"' }))

  test('never throws', () => fc.assert(fc.property(fc.string(), text => void parseSize(text))))
})

describe('parseDuration', () => {
  test.each([
    ['90s', 90],
    ['10m', 600],
    ['10min', 600],
    ['2h', 7200],
    ['1d', 86_400],
    ['500ms', 0.5],
    ['1h30m', 5400],
    ['1h 30m', 5400],
    ['1.5h', 5400],
    ['45', 45],
    [45, 45],
    ['0', 0],
    ['01:30', 90],
    ['90:00', 5400],
    ['01:02:03', 3723],
    ['1-02', 93_600],
    ['1-02:30', 95_400],
    ['2-03:04:05', 183_845],
  ])('%j is %d s', (text, seconds) => expect(parseDuration(text)).toBeCloseTo(seconds, 9))

  test.each(['', 'h', '-5s', '5x', '1:2:3:4', '1h30', '5s!', '1:99', 'UNLIMITED', 's5', '1-'])(
    '%j is refused',
    text =>
      expect(parseDuration(text)).toEqual({ error: expect.stringContaining(`got ${JSON.stringify(text)}`) }),
  )

  test('never throws', () => fc.assert(fc.property(fc.string(), text => void parseDuration(text))))
})

describe('formatSize', () => {
  test.each([
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1K'],
    [1536, '1.5K'],
    [1024 ** 2 - 1, '1M'],
    [500 * 1024 ** 2, '500M'],
    [1.5 * 1024 ** 3, '1.5G'],
    [-2048, '-2K'],
  ])('%d is %s', (bytes, text) => expect(formatSize(bytes)).toBe(text))

  test('can be read again, within its rounding', () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), bytes => {
        const read = parseSize(formatSize(bytes))
        expect(typeof read).toBe('number')
        expect(Math.abs((read as number) - bytes)).toBeLessThanOrEqual(bytes * 0.05)
      }),
    ))
})

describe('formatDuration', () => {
  test.each([
    [0, '0s'],
    [0.25, '250ms'],
    [2.5, '2.5s'],
    [9.96, '10s'],
    [59.6, '1m'],
    [90, '1m30s'],
    [600, '10m'],
    [3599.7, '1h'],
    [5400, '1h30m'],
    [86_399, '1d'],
    [97_200, '1d3h'],
    [-90, '-1m30s'],
  ])('%d is %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text))

  test('can be read again, within its rounding', () =>
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1e7, noNaN: true }), seconds => {
        const read = parseDuration(formatDuration(seconds))
        expect(Math.abs((read as number) - seconds)).toBeLessThanOrEqual(seconds * 0.5)
      }),
    ))
})
