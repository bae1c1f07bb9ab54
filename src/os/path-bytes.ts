import type { FilePath } from '../core/model.ts'

/**
 * Between the bytes that the kernel has as a path and the text that odop keeps (see `FilePath`): a byte that is not
 * part of valid UTF-8 is the lone surrogate U+DC00 + byte, as in Python's `surrogateescape`.
 */

/** What Node's file functions take: the text itself where that is exact, else its bytes. */
export function pathToBytes(path: FilePath): string | Buffer {
  return path.isWellFormed() ? path : Buffer.concat(Array.from(path, bytesOf))
}

export function bytesToPath(bytes: Buffer): FilePath {
  const text = bytes.toString('utf8')
  // Almost every name is valid; only a replacement character leaves a doubt.
  return text.includes(REPLACEMENT) ? decodeExactly(bytes) : text
}

const REPLACEMENT = '\uFFFD'
const ESCAPE = 0xdc00

function bytesOf(character: string): Buffer {
  const code = character.codePointAt(0) ?? 0
  return code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff ? Buffer.of(code - ESCAPE) : Buffer.from(character)
}

function decodeExactly(bytes: Buffer): FilePath {
  let path = ''
  for (let start = 0; start < bytes.length; ) {
    const length = validLength(bytes, start)
    path +=
      length === 0
        ? String.fromCharCode(ESCAPE + bytes.readUInt8(start))
        : bytes.toString('utf8', start, start + length)
    start += length || 1
  }
  return path
}

/** Length of the valid UTF-8 character that begins here; 0: none does. */
function validLength(bytes: Buffer, start: number): number {
  const lead = bytes.readUInt8(start)
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  const part = bytes.subarray(start, start + length)
  // Encoding again what was decoded leaves no room for overlong forms, surrogates and broken ends.
  return Buffer.from(part.toString('utf8')).equals(part) ? length : 0
}
