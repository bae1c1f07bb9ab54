import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ascending, pop, push } from '../../src/core/heap.ts'

const before = (a: number, b: number) => a < b

function heapOf(numbers: readonly number[]): number[] {
  const heap: number[] = []
  for (const number of numbers) push(heap, number, before)
  return heap
}

test('pops in order', () =>
  fc.assert(
    fc.property(fc.array(fc.integer()), numbers => {
      const heap = heapOf(numbers)
      const popped = numbers.map(() => pop(heap, before))
      expect(popped).toEqual([...numbers].sort((a, b) => a - b))
      expect(pop(heap, before)).toBeUndefined()
    }),
  ))

test('ascends in order and leaves the heap alone', () =>
  fc.assert(
    fc.property(fc.array(fc.integer()), numbers => {
      const heap = Object.freeze(heapOf(numbers))
      expect([...ascending(heap, before)]).toEqual([...numbers].sort((a, b) => a - b))
    }),
  ))
