import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesToPath, pathToBytes } from '../../src/os/path-bytes.ts'

test('a path of valid UTF-8 stays the text that it is', () => {
  for (const path of ['/data/a b.bin', '/data/zeile\n2', '/data/Ä🎉.npy', '/data/\uFFFD']) {
    expect(pathToBytes(path)).toBe(path)
    expect(bytesToPath(Buffer.from(path))).toBe(path)
  }
})

test('a byte that is not UTF-8 becomes a lone surrogate and comes back as that byte', () => {
  const bytes = Buffer.from([0x2f, 0x61, 0xff, 0xe4, 0x62, 0x80, 0xc3])
  const path = bytesToPath(bytes)
  expect(path).toBe('/a\uDCFF\uDCE4b\uDC80\uDCC3')
  expect(pathToBytes(path)).toEqual(bytes)
})

test.each([
  ['an overlong form', [0xc0, 0xaf]],
  ['an encoded surrogate', [0xed, 0xb2, 0x80]],
  ['a broken end', [0xf0, 0x9f, 0x8e]],
  ['beyond Unicode', [0xf5, 0x80, 0x80, 0x80]],
])('%s is kept byte by byte', (_, bytes) => {
  const path = bytesToPath(Buffer.from(bytes))
  expect(path).toBe(String.fromCharCode(...bytes.map(byte => 0xdc00 + byte)))
  expect(pathToBytes(path)).toEqual(Buffer.from(bytes))
})

test('an emoji beside a broken byte is one character', () => {
  const bytes = Buffer.concat([Buffer.from('💀'), Buffer.of(0xfe)])
  expect(bytesToPath(bytes)).toBe('💀\uDCFE')
  expect(pathToBytes('💀\uDCFE')).toEqual(bytes)
})

test('any bytes survive, also through JSON', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 6 }).map(bytes => Buffer.from(bytes)),
    fc.string({ unit: 'binary' }).map(text => Buffer.from(text)),
  )
  fc.assert(
    fc.property(fc.array(piece), pieces => {
      const bytes = Buffer.concat(pieces)
      const path: string = JSON.parse(JSON.stringify(bytesToPath(bytes)))
      expect(Buffer.from(pathToBytes(path))).toEqual(bytes)
    }),
  )
})
