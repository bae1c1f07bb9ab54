import { type FileHandle, open } from 'node:fs/promises'
import type { CoreId } from '../core/model.ts'
import type { MetricsRow } from './metrics-csv.ts'

/** Each row is handed over in the same object, whose values hold until the next one. */
export interface MetricsRows {
  /** Of the rows that follow: a later launch may have other cores. */
  onCores(cores: readonly CoreId[]): void
  onRow(row: MetricsRow): void
}

export interface ReadMetricsOptions {
  /** Whether the rows' `coreShares` are read; without them reading is several times faster. */
  readonly withCores: boolean
}

/** Reads a node's metrics in pieces. What is no row is skipped. False: there is no such file, or it can't be read. Never rejects. */
export async function readMetrics(
  file: string,
  rows: MetricsRows,
  { withCores }: ReadMetricsOptions,
): Promise<boolean> {
  let handle: FileHandle | null = null
  try {
    handle = await open(file, 'r')
    await readChunks(handle, new LineParser(rows, withCores))
    return true
  } catch {
    return false
  } finally {
    await handle?.close().catch(() => {})
  }
}

const CHUNK_BYTES = 1 << 20
const NEWLINE = 10

/** Room before a chunk for the line that the one before it has begun; a line that is longer is no row. */
const LINE_BYTES = 64 << 10

/** While one chunk is parsed the next one is read. */
async function readChunks(handle: FileHandle, parser: LineParser): Promise<void> {
  const size = LINE_BYTES + CHUNK_BYTES
  const chunks = [Buffer.alloc(size), Buffer.alloc(size)] as const
  const read = (chunk: Buffer) => handle.read(chunk, LINE_BYTES, CHUNK_BYTES)
  let next = read(chunks[0])
  let kept = 0
  for (let index = 1; ; index++) {
    const { bytesRead, buffer } = await next
    if (bytesRead === 0) return
    const other = chunks[index % 2 === 0 ? 0 : 1]
    next = read(other)
    const filled = LINE_BYTES + bytesRead
    const rest = takeLines(parser, buffer, { start: LINE_BYTES - kept, filled })
    kept = filled - rest <= LINE_BYTES ? filled - rest : 0
    buffer.copy(other, LINE_BYTES - kept, filled - kept, filled)
  }
}

/** Where the line begins that is not whole. */
function takeLines(
  parser: LineParser,
  chunk: Buffer,
  { start, filled }: { readonly start: number; readonly filled: number },
): number {
  let from = start
  for (
    let end = chunk.indexOf(NEWLINE, from);
    end !== -1 && end < filled;
    end = chunk.indexOf(NEWLINE, from)
  ) {
    parser.take(chunk, from, end)
    from = end + 1
  }
  return from
}

type Amount = Exclude<keyof MetricsRow, 'at' | 'coreShares' | 'gpus'>

/** In the order of the file's columns, behind the time. */
const AMOUNTS: readonly Amount[] = [
  'appCores',
  'taskCores',
  'odopCores',
  'appMemoryBytes',
  'tasksMemoryBytes',
  'odopMemoryBytes',
]
const COMMA = 44
const POINT = 46
const ZERO = 48
const LETTER_T = 84
const TIME_LENGTH = '2026-03-01T12:00:00.000Z'.length

/** Reads bytes: a run of two days on 100 nodes has millions of lines with dozens of numbers each. */
class LineParser {
  readonly #rows: MetricsRows
  readonly #withCores: boolean
  readonly #row: { -readonly [Key in Amount]: number } & { at: number; coreShares: number[] }
  #coreCount = 0
  /** Where the number that was read last ends. */
  #end = 0

  constructor(rows: MetricsRows, withCores: boolean) {
    this.#rows = rows
    this.#withCores = withCores
    this.#row = {
      at: 0,
      appCores: 0,
      taskCores: 0,
      odopCores: 0,
      appMemoryBytes: 0,
      tasksMemoryBytes: 0,
      odopMemoryBytes: 0,
      coreShares: [],
    }
  }

  take(bytes: Buffer, start: number, end: number): void {
    if (bytes[start + 10] === LETTER_T) this.#takeRow(bytes, start, end)
    else this.#takeHeader(bytes.toString('latin1', start, end))
  }

  #takeRow(bytes: Buffer, start: number, end: number): void {
    const row = this.#row
    row.at = timeAt(bytes, start)
    this.#end = start + TIME_LENGTH
    if (!Number.isFinite(row.at)) return
    for (const amount of AMOUNTS) {
      row[amount] = this.#number(bytes, end)
      if (!Number.isFinite(row[amount])) return
    }
    if (!this.#withCores || this.#takeCores(bytes, end)) this.#rows.onRow(row)
  }

  #takeHeader(line: string): void {
    const [first, ...columns] = line.split(',')
    if (first !== 'time') return
    // Behind the cores there may be GPUs.
    const cores = columns
      .filter(name => /^core\d+$/.test(name))
      .map(name => Number(name.slice('core'.length)))
    this.#coreCount = cores.length
    this.#row.coreShares.length = 0
    this.#rows.onCores(cores)
  }

  /** False: the line is torn. */
  #takeCores(bytes: Buffer, end: number): boolean {
    const shares = this.#row.coreShares
    for (let core = 0; core < this.#coreCount; core++) {
      const share = this.#number(bytes, end)
      if (!Number.isFinite(share)) return false
      shares[core] = share
    }
    return true
  }

  /** The number behind the next comma; NaN: there is none. */
  #number(bytes: Buffer, end: number): number {
    let at = this.#end
    if (at >= end || bytes[at] !== COMMA) return Number.NaN
    let digits = 0
    let divisor = 0
    for (at += 1; at < end; at++) {
      const byte = bytes[at] ?? 0
      if (byte === COMMA) break
      if (byte === POINT && divisor === 0) divisor = 1
      else if (byte >= ZERO && byte <= ZERO + 9) {
        digits = digits * 10 + byte - ZERO
        divisor *= 10
      } else return Number.NaN
    }
    this.#end = at
    return divisor > 1 ? digits / divisor : digits
  }
}

/** Milliseconds since the epoch of `2026-03-01T12:00:00.000Z`; NaN where a digit is none. */
function timeAt(bytes: Buffer, start: number): number {
  const day = Date.UTC(
    digitsAt(bytes, start, 4),
    digitsAt(bytes, start + 5, 2) - 1,
    digitsAt(bytes, start + 8, 2),
  )
  const minutes = digitsAt(bytes, start + 11, 2) * 60 + digitsAt(bytes, start + 14, 2)
  return day + minutes * 60_000 + digitsAt(bytes, start + 17, 2) * 1000 + digitsAt(bytes, start + 20, 3)
}

function digitsAt(bytes: Buffer, start: number, count: number): number {
  let value = 0
  for (let at = start; at < start + count; at++) {
    const digit = (bytes[at] ?? 0) - ZERO
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}
