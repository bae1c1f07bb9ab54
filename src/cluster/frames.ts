import { crc32 } from 'node:zlib'

/**
 * Messages as lines over the stdio of a launcher such as srun: there lines of up to 1,000 bytes from several nodes
 * arrive whole, longer ones are mixed into each other, and what goes down reaches every node. One frame is one line:
 *
 *     @odop1 NODE SEQUENCE PART CHECKSUM PAYLOAD
 *
 * NODE is who sends it (upwards) or whom it is for (downwards; `*`: everyone). Frames of one NODE are counted from 0; of those for
 * everyone a reader may have missed the first ones, which were said before it was there.
 * PART is `=` for a whole message, `<` `-` `>` for the first, inner and last frame of a longer one. PAYLOAD is a piece
 * of the message's JSON in ASCII.
 */
export const FRAME_BYTES = 1_000

/** The target of a message for every node. */
export const EVERYONE = '*'

const MARK = '@odop1 '

/** Turns messages into frames, for one NODE: a sender's only writer, or one of the supervisor's for each target. */
export class FrameWriter {
  readonly #node: string
  #sequence = 0

  constructor(node: string) {
    this.#node = nameInFrames(node)
  }

  /** @param message whatever `JSON.stringify` takes. @returns lines of ASCII, all of them ended: to be written in one go. */
  frames(message: unknown): string {
    const json = asciiJson(message)
    let lines = ''
    for (let at = 0; at < json.length; ) {
      const room = FRAME_BYTES - this.#head('=', '').length - 1
      const payload = json.slice(at, at + room)
      const part = partOf(at === 0, at + payload.length === json.length)
      lines += `${this.#head(part, payload)}${payload}\n`
      at += payload.length
      this.#sequence++
    }
    return lines
  }

  #head(part: Part, payload: string): string {
    const start = `${this.#node} ${this.#sequence} ${part} `
    return `${MARK}${start}${checksum(start, payload)} `
  }
}

/** What is wrong with what has arrived. The frame is left out, and so is the message that it was a part of. */
export type FrameProblem =
  /** So many frames of the node are missing before the one that came. */
  | { readonly kind: 'lost'; readonly node: string; readonly frames: number }
  /** A frame came again, or late. */
  | { readonly kind: 'repeated'; readonly node: string; readonly sequence: number }
  /** A line that was a frame once: cut, mixed with another, or of another version. */
  | { readonly kind: 'garbled'; readonly line: string }
  | { readonly kind: 'too-long'; readonly node: string; readonly bytes: number }

export interface FrameReaderOptions {
  /** Frames of other nodes are skipped, unread: what is kept in memory is bounded by the nodes that pass. */
  accept(node: string): boolean
  onMessage(node: string, message: unknown): void
  /** A line that is no frame, such as `srun: …`, or what stands before a frame in its line. Cut when it is very long. */
  onForeign(line: string): void
  onProblem(problem: FrameProblem): void
  /** Longer messages are not put together. Default: 16 MiB. */
  readonly mostMessageBytes?: number
}

/** Finds the messages in a stream of bytes that is cut anywhere and holds frames of several nodes. Never throws. */
export class FrameReader {
  readonly #options: FrameReaderOptions
  readonly #mostMessageBytes: number
  readonly #streams = new Map<string, NodeStream>()
  /** The begin of a line that has not ended yet. */
  #begun = ''

  constructor(options: FrameReaderOptions) {
    this.#options = options
    this.#mostMessageBytes = options.mostMessageBytes ?? 16 * 2 ** 20
  }

  read(chunk: Uint8Array): void {
    // One character a byte: frames are ASCII, and foreign lines get back their own encoding.
    const text =
      this.#begun + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')
    let from = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      this.#line(text.slice(from, end))
      from = end + 1
    }
    this.#begun = text.slice(from)
    if (this.#begun.length > MOST_LINE_BYTES) this.end()
  }

  /** Nothing more comes: the last line counts although it has no end. */
  end(): void {
    const line = this.#begun
    this.#begun = ''
    if (line !== '') this.#line(line)
  }

  #line(line: string): void {
    const at = line.indexOf(MARK)
    const foreign = at < 0 ? line : line.slice(0, at)
    if (foreign !== '') this.#options.onForeign(fromBytes(foreign.slice(0, MOST_LINE_BYTES)))
    if (at >= 0) this.#frame(line.slice(at + MARK.length))
  }

  #frame(text: string): void {
    const name = text.slice(0, text.indexOf(' '))
    const node = nameFromFrames(name)
    if (node !== null && !this.#options.accept(node)) return
    const frame = parseFrame(text)
    if (node === null || frame === null) {
      this.#garbled(text)
      return
    }
    const first = node === EVERYONE ? frame.sequence : 0
    const stream = this.#streams.get(node) ?? { expected: first, pieces: null, bytes: 0 }
    this.#streams.set(node, stream)
    if (this.#inOrder(node, stream, frame.sequence)) this.#collect(node, stream, frame)
  }

  #inOrder(node: string, stream: NodeStream, sequence: number): boolean {
    if (sequence < stream.expected) {
      this.#options.onProblem({ kind: 'repeated', node, sequence })
      return false
    }
    if (sequence > stream.expected) {
      stream.pieces = null
      this.#options.onProblem({ kind: 'lost', node, frames: sequence - stream.expected })
    }
    stream.expected = sequence + 1
    return true
  }

  #collect(node: string, stream: NodeStream, { part, payload }: Frame): void {
    if (part === '=') {
      stream.pieces = null
      this.#deliver(node, payload)
      return
    }
    if (part === '<') {
      stream.pieces = []
      stream.bytes = 0
    }
    // The begin of this message was lost, or it is too long.
    if (stream.pieces === null) return
    // Copied: a piece of a string would keep all of the chunk that it is from in memory.
    stream.pieces.push(Buffer.from(payload, 'latin1'))
    stream.bytes += payload.length
    if (stream.bytes > this.#mostMessageBytes) {
      stream.pieces = null
      this.#options.onProblem({ kind: 'too-long', node, bytes: stream.bytes })
    } else if (part === '>') {
      const json = Buffer.concat(stream.pieces).toString('latin1')
      stream.pieces = null
      this.#deliver(node, json)
    }
  }

  #deliver(node: string, json: string): void {
    const parsed = parseJson(json)
    if (parsed === null) this.#garbled(json)
    else this.#options.onMessage(node, parsed.message)
  }

  #garbled(text: string): void {
    this.#options.onProblem({ kind: 'garbled', line: fromBytes(text.slice(0, FRAME_BYTES)) })
  }
}

/** Foreign lines may be longer than frames, but not endless. */
const MOST_LINE_BYTES = 64 * 1024

interface NodeStream {
  expected: number
  /** Of the message that is arriving; null: none is, or it is to be skipped. */
  pieces: Buffer[] | null
  bytes: number
}

type Part = '=' | '<' | '-' | '>'

interface Frame {
  readonly sequence: number
  readonly part: Part
  readonly payload: string
}

function partOf(first: boolean, last: boolean): Part {
  if (first) return last ? '=' : '<'
  return last ? '>' : '-'
}

function parseFrame(text: string): Frame | null {
  const match = /^\S+ (\d{1,15}) ([=<>-]) ([0-9a-f]{8}) /.exec(text)
  if (!match) return null
  const [head, sequence, part, sum = ''] = match
  const payload = text.slice(head.length)
  const start = head.slice(0, -(sum.length + 1))
  return checksum(start, payload) === sum ? { sequence: Number(sequence), part: part as Part, payload } : null
}

function parseJson(json: string): { readonly message: unknown } | null {
  try {
    return { message: JSON.parse(json) }
  } catch {
    return null
  }
}

function checksum(start: string, payload: string): string {
  return crc32(payload, crc32(start)).toString(16).padStart(8, '0')
}

/** Lone surrogates, which paths may hold, are escaped by `JSON.stringify` itself. */
function asciiJson(message: unknown): string {
  const json = JSON.stringify(message) ?? 'null'
  return json.replace(
    /[\u007f-\uffff]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Host names pass as they are. The longest that the DNS allows, fully escaped, leaves room for a payload. */
function nameInFrames(node: string): string {
  const name = encodeURIComponent(node.toWellFormed())
  if (name === '' || name.length > 765) throw new RangeError(`not the name of a node: '${node}'`)
  return name
}

function nameFromFrames(name: string): string | null {
  try {
    return name === '' ? null : decodeURIComponent(name)
  } catch {
    return null
  }
}

function fromBytes(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}
