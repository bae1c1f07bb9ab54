import type { AppendHandle } from '../../src/journal/line-file.ts'

/** What the next write does: writes at most so many bytes, fails before the first byte, or only now and never again. */
export type Fault = { readonly atMost: number } | 'fails'

/** A file in memory whose writes misbehave as told, and work when nothing more is told. */
export function faultyFile(faults: readonly Fault[], content = '') {
  const left = [...faults]
  let bytes = Buffer.from(content)
  const refuse = () => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  }
  const handle = {
    write: async (data: Buffer) => {
      const fault = left.shift()
      if (fault === 'fails') refuse()
      const part = typeof fault === 'object' ? data.subarray(0, fault.atMost) : data
      bytes = Buffer.concat([bytes, part])
      return { bytesWritten: part.length, buffer: data }
    },
    read: async (buffer: Buffer, offset: number, length: number, position: number) => ({
      bytesRead: bytes.copy(buffer, offset, position, position + length),
      buffer,
    }),
    stat: async () => ({ size: bytes.length }),
    datasync: async () => {},
    close: async () => {},
  }
  return {
    // The part of a file handle that is used; its overloads can't be written down.
    open: async () => handle as unknown as AppendHandle,
    text: () => bytes.toString(),
    faultsLeft: () => left.length,
  }
}
