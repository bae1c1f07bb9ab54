import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FRAME_BYTES, FrameWriter } from '../../src/cluster/frames.ts'
import { LookReader, sentLook } from '../../src/cluster/look.ts'
import type { CoreState, NodeSnapshot } from '../../src/core/model.ts'

const facts = [4, 5, 6, 7]
const snapshot = (cores: readonly CoreState[]): NodeSnapshot => ({
  node: 'n1',
  cores,
  availableMemoryBytes: -5,
  attempts: [
    { attempt: 'a#1.1', cpuSeconds: 1.25, memoryBytes: 7 },
    { attempt: 'a#2.1', cpuSeconds: 0, memoryBytes: 8, mostRoomBytes: 9 },
  ],
  ioPressure: 0.125,
  slowdown: null,
})
/** Through the channel's JSON. */
const through = (look: NodeSnapshot, cores = facts, reader = new LookReader(cores)) =>
  reader.read(JSON.parse(JSON.stringify(sentLook(look, cores))))

describe('a look through the channel', () => {
  test('is what decisions need of it', () => {
    const look = snapshot([
      { core: 5, foreignShare: 0.27, judged: 'shared', busySeconds: 0.74 },
      { core: 4, foreignShare: 0, judged: 'idle' },
      { core: 7, foreignShare: 1.2, judged: 'busy', busySeconds: 3600 },
    ])
    expect(through(look)).toEqual({
      ...look,
      cores: [
        { core: 4, foreignShare: 0, judged: 'idle', busySeconds: 0 },
        { core: 5, foreignShare: 0.3, judged: 'shared', busySeconds: 0.5 },
        { core: 7, foreignShare: 1, judged: 'busy', busySeconds: 10.75 },
      ],
    })
  })

  test('keeps every judgement, and on which side of half a second and of five seconds a time is', () => {
    const core = fc.record({
      foreignShare: fc.double({ min: 0, max: 1, noNaN: true }),
      judged: fc.constantFrom('busy' as const, 'shared' as const, 'idle' as const),
      busySeconds: fc.double({ min: 0, max: 1e6, noNaN: true }),
    })
    fc.assert(
      fc.property(fc.array(core, { minLength: 4, maxLength: 4 }), list => {
        const states = list.map((state, at) => ({ ...state, core: facts[at] ?? 0 }))
        const read = through(snapshot(states)).cores
        expect(read).toHaveLength(4)
        for (const [at, state] of states.entries()) {
          expect(read[at]?.judged).toBe(state.judged)
          for (const limit of [0.5, 5])
            expect((read[at]?.busySeconds ?? 0) >= limit).toBe(state.busySeconds >= limit)
          expect(Math.abs((read[at]?.foreignShare ?? 0) - state.foreignShare)).toBeLessThanOrEqual(
            0.05 + 1e-9,
          )
        }
      }),
    )
  })

  test('of unchanged cores is the same object, also when all else has changed', () => {
    const reader = new LookReader(facts)
    const cores: CoreState[] = facts.map(core => ({
      core,
      foreignShare: 0.98,
      judged: 'busy',
      busySeconds: 20,
    }))
    const first = through(snapshot(cores), facts, reader)
    const later = cores.map(state => ({ ...state, foreignShare: 0.99, busySeconds: 21 }))
    const second = through({ ...snapshot(later), availableMemoryBytes: 3 }, facts, reader)
    expect(second.cores).toBe(first.cores)
    expect(second.availableMemoryBytes).toBe(3)
    const third = through(snapshot(cores.slice(1)), facts, reader)
    expect(third.cores).toHaveLength(3)
  })

  test('of 128 cores that are alike is a fraction of its JSON', () => {
    const many = Array.from({ length: 128 }, (_, core) => core)
    const states: CoreState[] = many.map(core => ({
      core,
      foreignShare: 0.987654321,
      judged: 'busy',
      busySeconds: 99.125,
    }))
    const frames = (message: unknown) => new FrameWriter('node0001').frames(message)
    const sent = frames({ type: 'look', look: sentLook(snapshot(states), many) })
    expect(sent.length).toBeLessThanOrEqual(FRAME_BYTES / 2)
    expect(frames({ type: 'look', snapshot: snapshot(states) }).length).toBeGreaterThan(20 * sent.length)
  })
})
