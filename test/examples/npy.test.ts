import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readArray, readBlocks } from '../../tasks/lib/npy.ts'
import { npyBytes } from './npy-bytes.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'odop-npy-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

function fileOf(content: Uint8Array): string {
  const file = path.join(folder, 'array.npy')
  writeFileSync(file, content)
  return file
}

function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer)
}

describe('the reader of NumPy files', () => {
  test.each([
    ['<f8', Float64Array.of(1.5, -2, Number.NaN, Infinity)],
    ['<f4', Float32Array.of(1.5, -2, Number.NaN, Infinity)],
    ['<i8', BigInt64Array.of(-1n, 2n, 3n, 4n)],
    ['<i4', Int32Array.of(-1, 2, 3, 4)],
    ['<i2', Int16Array.of(-1, 2, 3, 4)],
    ['|i1', Int8Array.of(-1, 2, 3, 4)],
    ['<u8', BigUint64Array.of(1n, 2n, 3n, 4n)],
    ['<u4', Uint32Array.of(4_000_000_000, 2, 3, 4)],
    ['<u2', Uint16Array.of(60_000, 2, 3, 4)],
    ['|u1', Uint8Array.of(250, 2, 3, 4)],
    ['|b1', Uint8Array.of(0, 1, 1, 0)],
  ])('reads %s', async (elementType, values) => {
    const array = await readArray(fileOf(npyBytes({ elementType, shape: '2, 2', data: bytesOf(values) })))
    expect(array).toEqual({ shape: [2, 2], values: Float64Array.from(values as Iterable<number>, Number) })
  })

  test('reads big-endian numbers', async () => {
    const data = Buffer.alloc(8)
    data.writeDoubleBE(-12.75)
    const { values } = await readArray(fileOf(npyBytes({ elementType: '>f8', shape: '1,', data })))
    expect(values).toEqual(Float64Array.of(-12.75))
  })

  test('turns Fortran order into C order', async () => {
    const data = bytesOf(Float64Array.of(11, 21, 12, 22, 13, 23))
    const { values } = await readArray(fileOf(npyBytes({ shape: '2, 3', fortranOrder: true, data })))
    expect(values).toEqual(Float64Array.of(11, 12, 13, 21, 22, 23))
  })

  test.each([2, 3])('reads format %i, whose header may be longer', async version => {
    const data = bytesOf(Float64Array.of(7))
    const { values } = await readArray(fileOf(npyBytes({ version, shape: '1,', data })))
    expect(values).toEqual(Float64Array.of(7))
  })

  test('reads an array without dimensions and one without values', async () => {
    const data = bytesOf(Float64Array.of(7))
    expect(await readArray(fileOf(npyBytes({ shape: '', data })))).toEqual({
      shape: [],
      values: Float64Array.of(7),
    })
    const none = await readArray(fileOf(npyBytes({ shape: '0, 3', data: new Uint8Array() })))
    expect(none).toEqual({ shape: [0, 3], values: new Float64Array() })
  })

  test('gives a large array in blocks', async () => {
    const expected = Float64Array.from({ length: 150_000 }, (_, i) => i)
    const file = fileOf(npyBytes({ shape: '150000,', data: bytesOf(expected) }))
    const lengths: number[] = []
    let next = 0
    for await (const block of readBlocks(file)) {
      lengths.push(block.length)
      if (block.every(value => value === next++)) continue
      expect.fail(`expected ${next - 1} in block ${lengths.length}`)
    }
    expect(lengths).toEqual([65_536, 65_536, 18_928])
  })

  test('stops when it is told to', async () => {
    const file = fileOf(npyBytes({ shape: '1,', data: bytesOf(Float64Array.of(7)) }))
    await expect(readArray(file, { signal: AbortSignal.abort() })).rejects.toThrow('aborted')
  })

  test.each([
    ['a picture', Buffer.from('\x89PNG and more bytes'), 'expected a .npy file of format 1, 2 or 3'],
    ['nothing', new Uint8Array(), 'expected at least 12 bytes, got 0'],
    [
      'half a field',
      npyBytes({ shape: '2,', data: new Uint8Array(8) }),
      'expected at least 144 bytes, got 136',
    ],
    ['text', npyBytes({ elementType: '<U3', shape: '1,', data: new Uint8Array(12) }), 'got element type <U3'],
  ])('refuses %s', async (_, content, message) => {
    await expect(readArray(fileOf(content))).rejects.toThrow(message)
  })
})
