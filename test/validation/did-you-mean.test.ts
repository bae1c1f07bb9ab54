import { expect, it } from 'vitest'
import { closest } from '../../src/validation/did-you-mean.ts'

const known = ['memory', 'time', 'cpus', 'maxRuns', 'retries']

it.each([
  ['memroy', 'memory'],
  ['Memory', 'memory'],
  ['memmory', 'memory'],
  ['tiem', 'time'],
  ['cpu', 'cpus'],
  ['maxruns', 'maxRuns'],
  ['retrys', 'retries'],
  ['colour', null],
  ['x', null],
  ['', null],
])('%s: %s', (word, meant) => {
  expect(closest(word, known)).toBe(meant)
})
