import { type FileHandle, open } from 'node:fs/promises'

/**
 * A file to which lines are only ever appended, by one writer. Nothing here blocks, throws or rejects: a full or hung file
 * system costs memory (bounded) and a message, and what could not be written is written when it works again.
 */
export interface LineFile {
  /** Queues a line (without its newline); all that is appended in one turn of the event loop is one write. */
  append(line: string): void
  /** Resolves when all that was appended is on the disk: true; false when that does not work, or not in time. */
  flush(withinMilliseconds: number): Promise<boolean>
  /** Flushes, and closes the file; what is appended later is lost. */
  close(withinMilliseconds: number): Promise<boolean>
}

export interface LineFileOptions {
  readonly file: string
  /** The first line of a new file. */
  readonly header: string
  /** So many lines are kept in memory while they can't be written; the oldest go first. */
  readonly keepLines: number
  /** Pause between two calls of fdatasync; null: none at all. */
  readonly syncMilliseconds: number | null
  /** Called once when writing stops to work, with the system's message, and again only after it has worked meanwhile. */
  onFailure(reason: string): void
  /** The line that stands for lines which had to be dropped; null: none. */
  droppedLine(count: number): string | null
  /** Another file system in tests. */
  readonly openFile?: (file: string) => Promise<AppendHandle>
}

/** What is needed of a file that was opened for reading and appending. */
export type AppendHandle = Pick<FileHandle, 'write' | 'read' | 'stat' | 'datasync' | 'close'>

export function openLineFile(options: LineFileOptions): LineFile {
  const openFile = options.openFile ?? (file => open(file, 'a+', 0o600))
  const queue: string[] = []
  let handle: AppendHandle | null = null
  /** The file may end within a line: the next write begins with a newline. */
  let torn = false
  let writing: Promise<void> | null = null
  /** Lines at the head of the queue that are being written: they are not dropped. */
  let inFlight = 0
  let dropped = 0
  let failing = false
  let backOff = FIRST_BACK_OFF_MILLISECONDS
  let retry: NodeJS.Timeout | undefined
  let dirty = false
  let syncing: Promise<void> | null = null
  let syncFailing = false
  let syncTimer: NodeJS.Timeout | undefined
  let closed = false

  return { append, flush, close }

  function append(line: string) {
    if (closed) return
    queue.push(line)
    dropOldest()
    if (!failing) write()
  }

  function dropOldest() {
    // In steps, because removing from a long list costs as much as the list is long.
    const kept = Math.max(inFlight, queue[0] === options.header ? 1 : 0)
    if (queue.length - kept < options.keepLines * 1.1) return
    dropped += queue.splice(kept, queue.length - kept - options.keepLines).length
  }

  function write(): Promise<void> {
    clearTimeout(retry)
    writing ??= new Promise(setImmediate).then(writeAll).finally(() => {
      writing = null
      // Appended after the last look at the queue.
      if (queue.length > 0 && !failing) write()
    })
    return writing
  }

  async function writeAll() {
    try {
      handle ??= await openAndLook()
      while (queue.length > 0) {
        await writeBatch(handle)
        tellDropped()
      }
      failing = false
      backOff = FIRST_BACK_OFF_MILLISECONDS
      scheduleSync()
    } catch (error) {
      await failed(error)
    }
  }

  async function openAndLook(): Promise<AppendHandle> {
    const opened = await openFile(options.file)
    const end = await lookAtEnd(opened)
    torn = end === 'torn' || end === 'torn header'
    const needsHeader = end === 'empty' || end === 'torn header'
    if (needsHeader && queue[0] !== options.header) queue.unshift(options.header)
    return opened
  }

  async function writeBatch(to: AppendHandle) {
    const prefix = torn ? '\n' : ''
    const lines = linesOfBatch(queue)
    inFlight = lines.length
    const bytes = Buffer.from(`${prefix}${lines.join('\n')}\n`)
    let written = 0
    try {
      while (written < bytes.length) written += await writeSome(to, bytes.subarray(written))
    } finally {
      queue.splice(0, completeLines(bytes, written) - prefix.length)
      torn = written === 0 ? torn : bytes[written - 1] !== NEWLINE
      inFlight = 0
      dirty = true
    }
  }

  /** Only now, because before a write has worked this line would be dropped in its turn. */
  function tellDropped() {
    const line = dropped > 0 ? options.droppedLine(dropped) : null
    dropped = 0
    if (line !== null) queue.push(line)
  }

  async function failed(error: unknown) {
    if (!failing) options.onFailure(messageOf(error))
    failing = true
    dropOldest()
    // A new descriptor: an old one may never work again (ESTALE).
    const old = handle
    handle = null
    await old?.close().catch(() => {})
    if (closed) return
    retry = setTimeout(write, backOff)
    retry.unref()
    backOff = Math.min(backOff * 2, LONGEST_BACK_OFF_MILLISECONDS)
  }

  function scheduleSync() {
    if (options.syncMilliseconds === null || syncTimer !== undefined || closed) return
    syncTimer = setTimeout(() => {
      syncTimer = undefined
      void sync()
    }, options.syncMilliseconds)
    syncTimer.unref()
  }

  function sync(): Promise<void> {
    syncing ??= syncNow().finally(() => {
      syncing = null
    })
    return syncing
  }

  async function syncNow() {
    if (!dirty || handle === null || options.syncMilliseconds === null) return
    dirty = false
    try {
      await handle.datasync()
      syncFailing = false
    } catch (error) {
      // Some file systems report only here that they are full. What is lost then is a tail, which is done again.
      if (!syncFailing) options.onFailure(messageOf(error))
      syncFailing = true
    }
  }

  async function flush(withinMilliseconds: number): Promise<boolean> {
    return within(withinMilliseconds, async () => {
      await writing
      if (queue.length > 0) await write()
      await syncing
      await sync()
      return queue.length === 0
    })
  }

  async function close(withinMilliseconds: number): Promise<boolean> {
    const all = await flush(withinMilliseconds)
    closed = true
    clearTimeout(retry)
    clearTimeout(syncTimer)
    // Not awaited: on a hung file system it would never return.
    handle?.close().catch(() => {})
    handle = null
    return all
  }
}

const NEWLINE = 10
const FIRST_BACK_OFF_MILLISECONDS = 1000
const LONGEST_BACK_OFF_MILLISECONDS = 30_000
const BATCH_CHARACTERS = 1 << 20
/** A file of less than this without any newline holds nothing but a torn header. */
const LONGEST_HEADER_BYTES = 4096

type FileEnd = 'empty' | 'whole' | 'torn' | 'torn header'

async function lookAtEnd(file: AppendHandle): Promise<FileEnd> {
  const { size } = await file.stat()
  if (size === 0) return 'empty'
  const length = Math.min(size, LONGEST_HEADER_BYTES)
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length)
  if (buffer[length - 1] === NEWLINE) return 'whole'
  return size <= LONGEST_HEADER_BYTES && !buffer.includes(NEWLINE) ? 'torn header' : 'torn'
}

async function writeSome(file: AppendHandle, bytes: Buffer): Promise<number> {
  const { bytesWritten } = await file.write(bytes, 0, bytes.length, null)
  if (bytesWritten === 0) throw new Error('nothing was written')
  return bytesWritten
}

function linesOfBatch(queue: readonly string[]): readonly string[] {
  let characters = 0
  const end = queue.findIndex(line => {
    characters += line.length
    return characters > BATCH_CHARACTERS
  })
  return end === -1 ? [...queue] : queue.slice(0, Math.max(1, end))
}

/** A line of which only the newline is missing counts as complete: the newline that is written next ends it. */
function completeLines(bytes: Buffer, written: number): number {
  let lines = 0
  for (let at = bytes.indexOf(NEWLINE); at !== -1 && at <= written; at = bytes.indexOf(NEWLINE, at + 1))
    lines++
  return lines
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function within(milliseconds: number, work: () => Promise<boolean>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>(resolve => {
    timer = setTimeout(resolve, milliseconds, false)
  })
  const result = await Promise.race([work(), late])
  clearTimeout(timer)
  return result
}
