import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CoreJudgement, idleOptions, judge, judgeNode, UNSEEN } from '../../src/core/idle.ts'
import { hyperthreads } from './fixtures.ts'

const kernel = idleOptions({ idleThreshold: 0.1 }, 'kernel')
const suspend = idleOptions({ idleThreshold: 0.1 }, 'suspend')

function looked(shares: readonly number[], options = suspend, from: CoreJudgement = UNSEEN, seconds = 0.1) {
  return shares.reduce((core, foreignShare) => judge(core, { foreignShare, seconds }, options, false), from)
}

const idle = looked([0, 0])

describe('becoming idle', () => {
  test.each([
    ['nothing is known at first', [], 'busy'],
    ['one quiet look is not enough', [0], 'busy'],
    ['two quiet looks over 0.2 s are', [0, 0], 'idle'],
    ['the threshold itself is not under it', [0.1, 0.1, 0.1], 'busy'],
    ['a look in use starts it again', [0, 0.5, 0], 'busy'],
  ])('%s', (_, shares, judged) => expect(looked(shares).judged).toBe(judged))

  test('one long quiet look is not enough', () => expect(looked([0], suspend, UNSEEN, 5).judged).toBe('busy'))
  test('many short ones are not enough', () =>
    expect(looked([0, 0, 0], suspend, UNSEEN, 0.02).judged).toBe('busy'))
  test('a look without duration says nothing', () => {
    expect(judge(idle, { foreignShare: 1, seconds: 0 }, suspend, false)).toBe(idle)
  })
})

describe('staying idle', () => {
  test('between the thresholds', () => expect(looked([0.2, 0.24, 0.2], suspend, idle).judged).toBe('idle'))
  test('not over the stop threshold', () => expect(looked([0.3], suspend, idle).judged).toBe('busy'))
  test('not with a busy sibling', () =>
    expect(judge(idle, { foreignShare: 0, seconds: 0.1 }, kernel, true).judged).toBe('busy'))
  test('the stop threshold is at least 25 %, and at least twice the threshold', () => {
    expect(idleOptions({ idleThreshold: 0.01 }, 'kernel').stopThreshold).toBe(0.25)
    expect(idleOptions({ idleThreshold: 0.2 }, 'kernel').stopThreshold).toBe(0.4)
  })
})

describe('cooldown', () => {
  const left = looked([1], suspend, idle)
  test('not idle again within a second', () =>
    expect(looked(Array(9).fill(0), suspend, left).judged).toBe('busy'))
  test('idle again after it', () => expect(looked(Array(10).fill(0), suspend, left).judged).toBe('idle'))

  test('whatever the application does, at most one change to idle a second', () =>
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(0, 0.05, 0.2, 0.3, 1), { minLength: 30, maxLength: 100 }),
        shares => {
          let core = UNSEEN
          let becameIdle = Number.NEGATIVE_INFINITY
          shares.forEach((foreignShare, index) => {
            const next = judge(core, { foreignShare, seconds: 0.1 }, suspend, false)
            if (next.judged === 'idle' && core.judged !== 'idle') {
              expect(index - becameIdle).toBeGreaterThanOrEqual(10)
              becameIdle = index
            }
            core = next
          })
        },
      ),
    ))
})

describe('where attempts have to be suspended', () => {
  /** What becomes of a core in so many seconds, when the application alternates between the two. */
  function alternate(busySeconds: number, idleSeconds: number, seconds: number) {
    let core = UNSEEN
    let changes = 0
    let idleLooks = 0
    const period = Math.round((busySeconds + idleSeconds) * 10)
    for (let at = 0; at < seconds * 10; at += 1) {
      const foreignShare = at % period < busySeconds * 10 ? 1 : 0
      const next = judge(core, { foreignShare, seconds: 0.1 }, suspend, false)
      if (next.judged !== core.judged) changes += 1
      if (next.judged === 'idle') idleLooks += 1
      core = next
    }
    return { changes, idleSeconds: idleLooks / 10 }
  }

  test('pauses of seconds are used, with two changes each', () => {
    const { changes, idleSeconds } = alternate(3, 3, 600)
    expect(changes).toBeLessThanOrEqual(200)
    expect(idleSeconds).toBeGreaterThan(250)
  })
  test('an application that comes back every other second is not bothered each time', () => {
    expect(alternate(0.1, 1.4, 600).changes).toBeLessThan(160)
  })
  test('bursts of 20 ms leave nothing to use there', () => {
    expect(looked(Array(100).fill(0.5)).judged).toBe('busy')
  })
  test('rests grow up to eight seconds, and are short again after a long idle time', () => {
    let core = UNSEEN
    const rests: number[] = []
    for (const idleLooks of [3, 3, 3, 3, 3, 3, 30, 3]) {
      while (core.judged !== 'idle') core = judge(core, { foreignShare: 0, seconds: 0.1 }, suspend, false)
      core = looked([...Array(idleLooks).fill(0), 1], suspend, core)
      rests.push(core.cooldownSeconds)
    }
    expect(rests).toEqual([1, 2, 4, 8, 8, 8, 1, 2])
  })
})

describe('shared', () => {
  const bursts = Array.from({ length: 30 }, (_, index) => (index % 5 < 3 ? 1 : 0))
  test('a core that is used 60 % in bursts', () => expect(looked(bursts, kernel).judged).toBe('shared'))
  test('not a core that is always in use', () =>
    expect(looked(Array(30).fill(1), kernel).judged).toBe('busy'))
  test('not a core used 90 %', () => expect(looked(Array(30).fill(0.9), kernel).judged).toBe('busy'))
  test('not before it has been looked at for 0.2 s', () => {
    expect(looked([0.5], kernel).judged).toBe('busy')
    expect(looked([0.5, 0.5], kernel).judged).toBe('shared')
  })
  test.each([[1], [0.3]])(
    'not for long an idle core that is in use again, unless it makes pauses (%s)',
    first => {
      const longIdle = looked(Array(50).fill(0), kernel)
      const back = looked([first], kernel, longIdle)
      expect(back.judged).toBe('shared')
      expect(looked(Array(8).fill(1), kernel, back).judged).toBe('busy')
      expect(looked([1, 0, 1, 0, 1, 1, 0, 1], kernel, back).judged).toBe('shared')
    },
  )
  test('nowhere that the kernel does not preempt', () => expect(looked(bursts, suspend).judged).toBe('busy'))
})

test('a core for which the application had to wait is in use, whatever its share', () => {
  const judgements = judgeNode({
    previous: new Map([
      [0, idle],
      [1, idle],
    ]),
    foreignShares: new Map([
      [0, 0],
      [1, 0],
    ]),
    contended: new Set([1]),
    seconds: 0.05,
    topology: hyperthreads(4)
      .slice(0, 2)
      .map(place => ({ ...place, siblings: [place.core] })),
    options: suspend,
  })
  expect([...judgements.values()].map(({ judged }) => judged)).toEqual(['idle', 'busy'])
})

describe('judgeNode', () => {
  const topology = hyperthreads(4)
  const judgeTwice = (shares: Record<number, number>) => {
    const foreignShares = new Map(Object.entries(shares).map(([core, share]) => [Number(core), share]))
    const look = { foreignShares, seconds: 0.2, topology, options: kernel }
    return judgeNode({ ...look, previous: judgeNode({ ...look, previous: new Map() }) })
  }

  test('a busy thread makes its siblings busy, and no other', () => {
    const cores = judgeTwice({ 0: 1, 1: 0, 2: 0, 3: 0 })
    expect([...cores.values()].map(({ judged }) => judged)).toEqual(['busy', 'idle', 'busy', 'idle'])
  })
  test('a core that was not looked at keeps its judgement', () => {
    expect(judgeTwice({ 0: 0, 1: 0, 2: 0 }).get(3)).toBe(UNSEEN)
  })
  test('siblings outside the allocation count', () => {
    const one = topology.slice(0, 1)
    const foreignShares = new Map([
      [0, 0],
      [2, 1],
    ])
    const judged = judgeNode({
      previous: new Map([[0, idle]]),
      foreignShares,
      seconds: 1,
      topology: one,
      options: kernel,
    })
    expect([...judged]).toEqual([[0, expect.objectContaining({ judged: 'busy' })]])
  })
})
