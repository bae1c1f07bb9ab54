import { expect, test } from 'vitest'
import { retryAt } from '../../src/core/retry.ts'
import { T0 } from './fixtures.ts'

const settings = { retries: 3, retryDelaySeconds: 60 }
const inherits = { retries: null, retryDelaySeconds: null }

test.each([
  ['the first retry waits for the delay of the run', inherits, 1, 60],
  ['the second waits twice as long', inherits, 2, 120],
  ['the third waits four times as long', inherits, 3, 240],
  ['then it is over', inherits, 4, null],
  ['a task may have its own number', { ...inherits, retries: 1 }, 2, null],
  ['a task may want none', { ...inherits, retries: 0 }, 1, null],
  ['a task may have its own delay', { ...inherits, retryDelaySeconds: 5 }, 2, 10],
  ['no delay at all', { ...inherits, retryDelaySeconds: 0 }, 3, 0],
  ['never more than an hour', { retries: 5000, retryDelaySeconds: 60 }, 2000, 3600],
])('%s', (_, task, failures, delaySeconds) =>
  expect(retryAt({ task, settings, failures, now: T0 })).toBe(
    delaySeconds === null ? null : T0 + delaySeconds * 1000,
  ),
)
