import { open } from 'node:fs/promises'

/** The end of a node's metrics: what it did in the last interval. */
export interface LastMetrics {
  /** Share of each core that was used by anything, in the order of `NodeFacts.cores`. */
  readonly coreShares: readonly number[]
  readonly memoryBytes: { readonly app: number; readonly tasks: number; readonly odop: number }
}

/** A row of a thousand cores. */
const TAIL_BYTES = 16 << 10
/** Columns before those of the cores: time, three of use, three of memory. */
const FIRST_CORE = 7

/** The last whole row of a file of metrics; null: there is none, or it can't be read. Never rejects. */
export async function lastMetrics(file: string): Promise<LastMetrics | null> {
  const tail = await readTail(file, TAIL_BYTES)
  const lines = tail?.split('\n') ?? []
  // What follows the last newline is still being written.
  const row = lines.at(-2)?.split(',') ?? []
  const numbers = row.map(Number)
  if (numbers.length <= FIRST_CORE || numbers.slice(1).some(Number.isNaN)) return null
  const [, , , , app = 0, tasks = 0, odop = 0, ...coreShares] = numbers
  return { coreShares, memoryBytes: { app, tasks, odop } }
}

/** The last bytes of a file as text; null: it can't be read. Never rejects. */
export async function readTail(file: string, bytes: number): Promise<string | null> {
  try {
    const handle = await open(file, 'r')
    try {
      const { size } = await handle.stat()
      const length = Math.min(size, bytes)
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length)
      return buffer.subarray(0, bytesRead).toString('utf8')
    } finally {
      await handle.close()
    }
  } catch {
    return null
  }
}
