import { describe, expect, test } from 'vitest'
import { median, quantile, rotated } from '../../bench/measure.ts'
import { figureLine, markdownTable } from '../../bench/table.ts'

describe('figures of the bench', () => {
  test('the median of an even number of samples lies between the middle two', () => {
    expect(median([4, 1, 3])).toBe(3)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(median([])).toBeNaN()
  })

  test('the 99th percentile of 200 samples passes over the slowest one', () => {
    const samples = Array.from({ length: 200 }, (_, n) => n)
    expect(quantile(samples, 0.99)).toBe(198)
  })

  test('each repetition begins with another one, and each has all of them', () => {
    const all = ['a', 'b', 'c']
    expect([0, 1, 2, 3].map(by => rotated(all, by).join(''))).toEqual(['abc', 'bca', 'cab', 'abc'])
  })

  test('a line has the median, the target and the spread', () => {
    const line = figureLine({ name: 'ratio', unit: '×', samples: [1.02, 1, 1.01], target: { atMost: 1.01 } })
    expect(line).toMatch(/^ratio +1\.010 × {2}target ≤ 1\.01 {2}\(1 – 1\.020, p99 1\.020, n=3\)$/)
  })

  test('the table has a row for each figure, and says what was not measured', () => {
    const table = markdownTable([
      { name: 'share', unit: '', samples: [0.974, 0.98], target: { atLeast: 0.97 } },
      { name: 'rate', unit: '/s', samples: [] },
    ])
    expect(table.split('\n').slice(2)).toEqual([
      '| share | 0.977 | 0.974 – 0.980, 2 | ≥ 0.97 |',
      '| rate | – |  |  |',
      '',
    ])
  })
})
