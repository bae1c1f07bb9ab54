import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { neverFits, poolOf, take, takeNear } from '../../src/core/fit.ts'
import { layoutOf } from '../../src/core/layout.ts'
import { facts, GB, hyperthreads, SETTINGS, task } from './fixtures.ts'

const all = () => true

function pick(
  node: ReturnType<typeof facts>,
  count: number,
  isFree: (core: number) => boolean = all,
): number[] {
  return take(poolOf(layoutOf(node), isFree), count).sort((a, b) => a - b)
}

describe('which cores', () => {
  const oneSocket = facts({ count: 8, topology: hyperthreads(8) })
  const twoSockets = facts({ count: 16, topology: hyperthreads(16, 2) })

  test.each<[string, ReturnType<typeof facts>, number, (core: number) => boolean, number[]]>([
    ['one is the lowest', oneSocket, 1, all, [0]],
    ['two are the threads of one physical core', oneSocket, 2, all, [0, 4]],
    ['three are one and a half', oneSocket, 3, all, [0, 1, 4]],
    ['a single one rather fills a started physical core', oneSocket, 1, core => core !== 2, [6]],
    [
      'two rather use a whole physical core than two halves',
      oneSocket,
      2,
      core => core !== 0 && core !== 1,
      [2, 6],
    ],
    ['a socket is not left as long as it has enough', twoSockets, 6, all, [0, 1, 2, 8, 9, 10]],
    ['the tightest socket that has enough', twoSockets, 2, core => core % 8 >= 4 || core % 8 === 2, [2, 10]],
    ['a started socket is too small: the other', twoSockets, 6, core => core % 8 >= 2, [4, 5, 6, 12, 13, 14]],
    [
      'more than a socket: all of one, the rest of the other',
      twoSockets,
      10,
      all,
      [0, 1, 2, 3, 4, 8, 9, 10, 11, 12],
    ],
  ])('%s', (_, node, count, isFree, cores) => expect(pick(node, count, isFree)).toEqual(cores))

  test('near others: of their domain as long as it has any, then as ever', () => {
    const layout = layoutOf(twoSockets)
    const near = (domain: number, count: number, isFree: (core: number) => boolean = all) =>
      takeNear(poolOf(layout, isFree), domain, count).sort((a, b) => a - b)
    expect(near(1, 2)).toEqual([4, 12])
    expect(near(1, 3, core => core % 8 < 4 || core === 5)).toEqual([0, 5, 8])
    expect(near(7, 1)).toEqual([0])
  })

  test('are never given twice, whatever is asked for in turn', () =>
    fc.assert(
      fc.property(
        fc.subarray([...Array(16).keys()]),
        fc.array(fc.integer({ min: 1, max: 6 })),
        fc.constantFrom(1, 2),
        (free, counts, sockets) => {
          const layout = layoutOf(facts({ count: 16, topology: hyperthreads(16, sockets) }))
          const pool = poolOf(layout, core => free.includes(core))
          const given: number[] = []
          for (const count of counts) {
            const room = free.length - given.length
            const cores = take(pool, Math.min(count, room))
            expect(cores).toHaveLength(Math.min(count, room))
            given.push(...cores)
          }
          expect(new Set(given).size).toBe(given.length)
          expect(given.every(core => free.includes(core))).toBe(true)
        },
      ),
    ))
})

describe('layoutOf', () => {
  test('keeps to the allocation', () => {
    const layout = layoutOf(facts({ cores: [1, 3, 5], usableCores: [3, 1], topology: hyperthreads(8) }))
    expect(layout.usable).toEqual([1, 3])
    expect(layout.physicalCores).toEqual([
      { domain: 0, threads: [1, 5], usable: [1] },
      { domain: 0, threads: [3], usable: [3] },
    ])
  })

  test('a machine without a known topology', () => {
    const layout = layoutOf(facts({ count: 2, topology: [] }))
    expect(layout.physicalCores.map(({ threads }) => threads)).toEqual([[0], [1]])
    expect(layoutOf(facts({ count: 0 })).usable).toEqual([])
  })
})

describe('neverFits', () => {
  const node = facts({ count: 4, memoryLimitBytes: 8 * GB })
  const reserve = { ...SETTINGS, memoryReserveBytes: GB }

  test.each([
    ['fits', { cpus: 4, memoryBytes: 7 * GB }, reserve, null],
    ['all', { cpus: 'all' as const }, reserve, null],
    ['all under a limit', { cpus: 'all' as const }, { ...reserve, maxCpus: 2 }, null],
    ['cpus', { cpus: 5 }, reserve, 'needs 5 cpus, but a node has at most 4 for tasks'],
    ['max-cpus', { cpus: 4 }, { ...reserve, maxCpus: 2 }, 'needs 4 cpus, but a node has at most 2 for tasks'],
    ['memory', { memoryBytes: 8 * GB }, reserve, 'needs 8G of memory, but a node has at most 7G for tasks'],
  ])('%s', (_, parts, settings, text) => expect(neverFits(task(parts), [node], settings)).toBe(text))

  test.each<[string, object, string | null]>([
    ['as many nodes as there are', { nodes: 2, ranks: 4 }, null],
    ['too many nodes', { nodes: 3, ranks: 6 }, 'needs 3 nodes with 2 cpus each, but 2 can have them'],
    ['ranks wherever there is room', { nodes: null, ranks: 4 }, null],
    [
      'too many',
      { nodes: null, ranks: 5 },
      'needs 5 ranks with 2 cpus each, but there is room for at most 4',
    ],
  ])('ranks: %s', (_, mpi, text) => {
    const needs = task({ cpus: 2, mpi: { cpusPerRank: 2, launch: null, nodes: 1, ranks: 1, ...mpi } })
    const nodes = [node, { ...node, name: 'n2' }, facts({ name: 'n3', count: 1 })]
    expect(neverFits(needs, nodes, { ...SETTINGS, maxCpus: 4 })).toBe(text)
  })
  test('both, but not together', () => {
    const small = facts({ count: 8, memoryLimitBytes: GB })
    const needs = task({ cpus: 8, memoryBytes: 4 * GB })
    expect(neverFits(needs, [node, small], SETTINGS)).toBe(
      'needs 8 cpus and 4G of memory, which no node has together',
    )
  })
  test('no usable core at all', () => {
    expect(neverFits(task({ cpus: 'all' }), [facts({ usableCores: [] })], SETTINGS)).toContain('at most 0')
  })
  test('nothing is said before a node is known', () =>
    expect(neverFits(task({ cpus: 99 }), [], SETTINGS)).toBeNull())
})
