import { describe, expect, test } from 'vitest'
import {
  addStep,
  newProgress,
  type Progress,
  progressUsage,
  recentProgress,
  slowdownOfProgress,
} from '../../src/core/progress.ts'
import { T0 } from './fixtures.ts'

/** Steps of so many seconds each; `share` of each is beside attempts. */
interface Stretch {
  readonly count: number
  readonly seconds: number
  readonly share: number
  /** Signals of each step, 1 ms apart. */
  readonly signals?: number
}

function walk(...stretches: readonly Stretch[]): { progress: Progress; now: number } {
  const progress = newProgress()
  let now = T0
  let company = 0
  addStep(progress, now, company)
  for (const { count, seconds, share, signals = 1 } of stretches) {
    for (let step = 0; step < count; step += 1) {
      now += seconds * 1000
      company += seconds * share
      for (let signal = 0; signal < signals; signal += 1) addStep(progress, now + signal, company)
    }
  }
  return { progress, now }
}

const usageOf = (...stretches: readonly Stretch[]) => progressUsage(walk(...stretches).progress)

describe('the pace of steps', () => {
  test('is not known before the first', () => expect(progressUsage(newProgress())).toBeNull())

  test('beside attempts is compared with that alone, by medians', () => {
    const usage = usageOf(
      { count: 9, seconds: 1, share: 0 },
      { count: 1, seconds: 60, share: 0 },
      { count: 9, seconds: 1.1, share: 1 },
    )
    expect(usage).toEqual({
      steps: 20,
      beside: { blocks: 9, stepSeconds: expect.closeTo(1.1) },
      alone: { blocks: 10, stepSeconds: expect.closeTo(1) },
    })
    expect(usage && slowdownOfProgress(usage)).toBeCloseTo(0.1)
  })

  test('needs three of each', () => {
    const usage = usageOf({ count: 9, seconds: 1, share: 0 }, { count: 2, seconds: 2, share: 1 })
    expect(usage && slowdownOfProgress(usage)).toBeNull()
  })

  test('leaves out steps in which attempts came or went', () => {
    expect(usageOf({ count: 5, seconds: 1, share: 0.5 })).toMatchObject({
      beside: { blocks: 0, stepSeconds: null },
      alone: { blocks: 0, stepSeconds: null },
    })
  })

  test('is not confused by steps that come as many signals, nor by very short ones', () => {
    const many = usageOf({ count: 10, seconds: 1, share: 0, signals: 64 })
    expect(many?.alone.stepSeconds).toBeCloseTo(1 / 64, 3)
    const short = usageOf({ count: 1000, seconds: 0.02, share: 0 }, { count: 1000, seconds: 0.022, share: 1 })
    expect(short && slowdownOfProgress(short)).toBeCloseTo(0.1, 1)
  })

  test('is remembered in bounded memory', () => {
    const { progress } = walk({ count: 5000, seconds: 1, share: 1 })
    expect(progress.beside.length).toBe(512)
  })
})

describe('the slowdown at present', () => {
  const look = (...stretches: readonly Stretch[]) => {
    const { progress, now } = walk(...stretches)
    return recentProgress(progress, now)
  }

  test('is not known without three steps beside attempts', () => {
    expect(look({ count: 9, seconds: 1, share: 0 }, { count: 2, seconds: 1, share: 1 })).toBeNull()
  })
  test('is that of the last steps', () => {
    const seen = look(
      { count: 9, seconds: 1, share: 0 },
      { count: 20, seconds: 1, share: 1 },
      { count: 5, seconds: 1.2, share: 1 },
    )
    expect(seen).toMatchObject({ by: 'progress', pauseSeconds: null })
    expect(seen?.share).toBeCloseTo(0.2)
    expect(seen?.since).toBeCloseTo(T0 + 29_000, -2)
  })
  test('asks for a pause of four steps while none was seen alone', () => {
    expect(look({ count: 5, seconds: 2, share: 1 })).toMatchObject({ share: null, pauseSeconds: 8 })
    expect(look({ count: 5, seconds: 20, share: 1 })).toMatchObject({ pauseSeconds: 30 })
  })
})
