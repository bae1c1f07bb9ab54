import { closeSync, fstatSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { Writable } from 'node:stream'
import type { SystemCalls } from '../../os/system-calls.ts'

const STDOUT = 1
const STDERR = 2

/**
 * Where the output of attempts goes: file descriptors 1 and 2 are the attempt's log while it executes, so what native
 * code and children print lands there too, and /dev/null between attempts. Without native calls they are the log of
 * the only attempt from the start. A log that can't be written costs the attempt its output, nothing else.
 */
export class Output {
  readonly #native: SystemCalls | null
  readonly #nowhere: number | null

  constructor(native: SystemCalls | null) {
    this.#native = native
    this.#nowhere = native === null ? null : openSync('/dev/null', 'w')
    replaceStream('stdout', STDOUT)
    replaceStream('stderr', STDERR)
  }

  open(logFile: string): void {
    if (this.#native === null) return
    try {
      const log = openSync(logFile, 'a', 0o600)
      this.#pointTo(log)
      closeSync(log)
    } catch {
      // Disk full, no permission: what is printed goes where it went before, to /dev/null.
    }
  }

  /** An empty log of an attempt that completed says nothing, but would count against the user's number of files. */
  close(logFile: string, { keepEmpty }: { readonly keepEmpty: boolean }): void {
    try {
      if (!keepEmpty && isEmptyFile(STDOUT)) unlinkSync(logFile)
    } catch {
      // Then it stays.
    }
    if (this.#nowhere !== null) this.#pointTo(this.#nowhere)
  }

  line(text: string): void {
    writeQuietly(STDOUT, `${text}\n`)
  }

  #pointTo(file: number): void {
    this.#native?.duplicateOnto(file, STDOUT)
    this.#native?.duplicateOnto(file, STDERR)
  }
}

function isEmptyFile(file: number): boolean {
  const stat = fstatSync(file)
  return stat.isFile() && stat.size === 0
}

/** Node's own stream would break for good at the first write that fails, and end the attempt by its error. */
function replaceStream(name: 'stdout' | 'stderr', file: number): void {
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, encoding, done) {
      writeQuietly(file, typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk)
      done()
    },
  })
  Object.defineProperty(process, name, { value: Object.assign(stream, { fd: file }), configurable: true })
}

function writeQuietly(file: number, text: string | Buffer): void {
  try {
    writeSync(file, typeof text === 'string' ? Buffer.from(text) : text)
  } catch {
    // Nobody could be told either.
  }
}
