import { type FileHandle, open } from 'node:fs/promises'
import type { OdopEvent } from '../core/events.ts'
import { JOURNAL_SCHEMA } from './journal-writer.ts'
import { validEvent } from './valid-event.ts'

/**
 * What became of reading a journal.
 *
 * - `read`: to its end; lines that hold no event were skipped
 * - `missing`: there is no such file
 * - `newer`: written by a later odop in a format that this one does not know; no event was handed over
 * - `unreadable`: the system refused; events up to there were handed over
 */
export type JournalRead =
  | {
      readonly kind: 'read'
      readonly events: number
      readonly skipped: number
      /** The first of the skipped lines, counted from 1 where the reading began. */
      readonly skippedLines: readonly number[]
      /** Where a later reading goes on: behind the last whole line. */
      readonly end: number
    }
  | { readonly kind: 'missing' }
  | { readonly kind: 'newer'; readonly schema: number }
  | { readonly kind: 'unreadable'; readonly reason: string }

export interface ReadOptions {
  /** Byte at which to begin: the `end` of an earlier reading. */
  readonly from?: number
  /** Byte before which to end. */
  readonly to?: number
  /**
   * Of the `usage` events of a node only the last one of each launch is handed over, after all others of that launch: they are cumulative, so
   * what is folded comes out the same, and nearly all of a long run's journal needs no parsing.
   */
  readonly lastUsage?: boolean
}

/** Reads a journal in pieces, also while it grows, and hands over its events in order. Never rejects. */
export async function readJournal(
  file: string,
  onEvent: (event: OdopEvent) => void,
  options: ReadOptions = {},
): Promise<JournalRead> {
  let handle: FileHandle | null = null
  try {
    handle = await open(file, 'r')
    return await readLines(handle, onEvent, options)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? { kind: 'missing' } : { kind: 'unreadable', reason: message }
  } finally {
    await handle?.close().catch(() => {})
  }
}

const CHUNK_BYTES = 1 << 20
const LEAST_CHUNK_BYTES = 4 << 10
/** No event is as long; what is, is damage, and must not fill the memory. */
const LONGEST_LINE_BYTES = 64 << 20
const NEWLINE = 10
const SKIPPED_LINES_TOLD = 20

/** Who follows a journal reads a few lines at a time, twice a second for days. */
async function chunkSize(handle: FileHandle, from: number): Promise<number> {
  const { size } = await handle.stat()
  return Math.min(CHUNK_BYTES, Math.max(LEAST_CHUNK_BYTES, size - from))
}

async function readLines(
  handle: FileHandle,
  onEvent: (event: OdopEvent) => void,
  { from = 0, to = Number.POSITIVE_INFINITY, lastUsage = false }: ReadOptions,
): Promise<JournalRead> {
  const chunkBytes = await chunkSize(handle, from)
  const chunks = [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)] as const
  const skippedLines: number[] = []
  let events = 0
  let skipped = 0
  let number = 0
  let position = from
  let end = from
  let rest: Buffer[] = []
  let restBytes = 0
  let newerSchema: number | null = null
  const usage = lastUsage ? new LastUsage() : null

  // While one chunk is parsed the next one is read.
  let next = readAt(chunks[0])
  for (let index = 1; ; index++) {
    const { bytesRead, buffer } = await next
    if (bytesRead === 0 || newerSchema !== null) break
    position += bytesRead
    next = readAt(chunks[index % 2 === 0 ? 0 : 1])
    takeChunk(buffer.subarray(0, bytesRead), position)
  }
  if (newerSchema !== null) return { kind: 'newer', schema: newerSchema }
  // The last line may be whole but for its newline; if it is torn it is still being written, or will never be.
  if (restBytes > 0) takeLastLine()
  handUsage()
  return { kind: 'read', events, skipped, skippedLines, end }

  function readAt(chunk: Buffer) {
    return handle.read(chunk, 0, Math.min(chunk.length, to - position), position)
  }

  function takeChunk(bytes: Buffer, after: number) {
    let start = 0
    for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, start)) {
      takeLine(withRest(bytes.subarray(start, at)))
      start = at + 1
    }
    if (start > 0) end = after - bytes.length + start
    keepRest(bytes.subarray(start))
  }

  function withRest(bytes: Buffer): Buffer {
    if (restBytes === 0) return bytes
    const line = Buffer.concat([...rest, bytes])
    rest = []
    restBytes = 0
    return line
  }

  function keepRest(bytes: Buffer) {
    restBytes += bytes.length
    if (restBytes > LONGEST_LINE_BYTES) rest = []
    // The chunk's memory is used again.
    else if (bytes.length > 0) rest.push(Buffer.from(bytes))
  }

  function takeLine(line: Buffer) {
    number++
    if (usage?.keeps(line)) return
    const parsed = parseLine(line)
    if (parsed.kind === 'event') hand(parsed.event)
    else if (parsed.kind === 'header')
      newerSchema = parsed.schema > JOURNAL_SCHEMA ? parsed.schema : newerSchema
    else if (parsed.kind === 'damage') skip()
  }

  function takeLastLine() {
    const parsed = parseLine(withRest(Buffer.alloc(0)))
    number++
    if (parsed.kind !== 'event') return skip()
    hand(parsed.event)
    end = position
  }

  function handUsage() {
    for (const line of usage?.take() ?? []) {
      const parsed = parseLine(line)
      if (parsed.kind === 'event') hand(parsed.event)
      else skip()
    }
  }

  function hand(event: OdopEvent) {
    if (newerSchema !== null) return
    if (event.type === 'launch-started') handUsage()
    events++
    onEvent(event)
  }

  function skip() {
    skipped++
    if (skippedLines.length < SKIPPED_LINES_TOLD) skippedLines.push(number)
  }
}

const USAGE = Buffer.from('{"type":"usage","at":')
const NODE = '"usage":{"node":"'
const QUOTE = 34

/** The last line of each node that holds a `usage` event, as the journal's writer writes them; any other is parsed as ever. */
class LastUsage {
  readonly #lines = new Map<string, { bytes: Buffer; length: number }>()

  /** True: the line is kept, or stands for nothing that a later one does not say. */
  keeps(line: Buffer): boolean {
    if (!USAGE.every((byte, at) => line[at] === byte)) return false
    const found = line.indexOf(NODE)
    const end = line.indexOf(QUOTE, found + NODE.length)
    if (found === -1 || end === -1) return false
    const node = line.toString('latin1', found + NODE.length, end)
    const kept = this.#lines.get(node)
    if (kept !== undefined && kept.bytes.length >= line.length) {
      // The line's own memory is used again.
      kept.length = line.copy(kept.bytes)
    } else {
      const bytes = Buffer.alloc(line.length + 256)
      this.#lines.set(node, { bytes, length: line.copy(bytes) })
    }
    return true
  }

  /** What was kept, once. */
  take(): readonly Buffer[] {
    const lines = [...this.#lines.values()].map(({ bytes, length }) => bytes.subarray(0, length))
    this.#lines.clear()
    return lines
  }
}

type Line =
  | { readonly kind: 'event'; readonly event: OdopEvent }
  | { readonly kind: 'header'; readonly schema: number }
  | { readonly kind: 'empty' | 'damage' }

function parseLine(bytes: Buffer): Line {
  if (bytes.length === 0) return { kind: 'empty' }
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    const event = validEvent(value)
    if (event !== null) return { kind: 'event', event }
    const schema = (value as { readonly schema?: unknown } | null)?.schema
    return typeof schema === 'number' ? { kind: 'header', schema } : { kind: 'damage' }
  } catch {
    return { kind: 'damage' }
  }
}
