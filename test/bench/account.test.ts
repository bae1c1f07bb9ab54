import { describe, expect, test } from 'vitest'
import { availableFrom, readAccount } from '../../bench/account.ts'

/** Two cores busy for 3 s, asleep for 3 s. */
const alternating = {
  startedSeconds: 100,
  wallSeconds: 6,
  cpuSeconds: 6,
  trace: [
    [0, 0],
    [1, 2],
    [3, 6],
    [4, 6],
  ],
} as const

describe('what an application has left', () => {
  test('from its start: cores × wall time − CPU time', () => {
    expect(availableFrom(alternating, 2, 0)).toBeCloseTo(6)
  })

  test('from a moment on which the trace has no point: between its neighbours', () => {
    expect(availableFrom(alternating, 2, 2)).toBeCloseTo(6)
    expect(availableFrom(alternating, 2, 5)).toBeCloseTo(2)
  })

  test('nothing after its end', () => {
    expect(availableFrom(alternating, 2, 6)).toBeCloseTo(0)
  })

  test('without a trace its CPU time is spread evenly', () => {
    const { trace: _, ...untraced } = alternating
    expect(availableFrom(untraced, 2, 3)).toBeCloseTo(3)
  })

  test('an application that gave no account is an error that says how it ended', () => {
    const ended = {
      code: 1,
      signal: null,
      stdout: '',
      stderr: 'no memory\n',
      seconds: 1,
    }
    expect(() => readAccount(ended)).toThrow('code 1, signal null, output ""): no memory')
  })
})
