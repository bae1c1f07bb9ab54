import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  EVERYONE,
  FRAME_BYTES,
  type FrameProblem,
  FrameReader,
  FrameWriter,
} from '../../src/cluster/frames.ts'

interface Heard {
  readonly messages: [node: string, message: unknown][]
  readonly foreign: string[]
  readonly problems: FrameProblem[]
  readonly reader: FrameReader
}

function listen({
  accept = () => true,
  mostMessageBytes = 16 * 2 ** 20,
}: {
  readonly accept?: (node: string) => boolean
  readonly mostMessageBytes?: number
} = {}): Heard {
  const heard = {
    messages: [] as Heard['messages'],
    foreign: [] as string[],
    problems: [] as FrameProblem[],
  }
  const reader = new FrameReader({
    accept,
    mostMessageBytes,
    onMessage: (node, message) => heard.messages.push([node, message]),
    onForeign: line => heard.foreign.push(line),
    onProblem: problem => heard.problems.push(problem),
  })
  return { ...heard, reader }
}

const read = (text: string, options = {}): Heard => {
  const heard = listen(options)
  heard.reader.read(Buffer.from(text))
  return heard
}

const linesOf = (text: string) => text.split('\n').slice(0, -1)
const bytes = (line: string) => Buffer.byteLength(`${line}\n`)
const long = (letter: string, length = 3_000) => letter.repeat(length)

describe('what is written', () => {
  test('is lines of at most 1,000 bytes of printable ASCII, whatever the message', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }),
        fc.jsonValue(),
        (node, value) => {
          const message = [value, 'a\nb\r\0\u007f\u2028é\ud800', long('ä', 400)]
          const lines = linesOf(new FrameWriter(node).frames(message))
          for (const line of lines) {
            expect(line).toMatch(/^[\x20-\x7e]*$/)
            expect(bytes(line)).toBeLessThanOrEqual(FRAME_BYTES)
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  test('uses the room: only the last frame of a message is shorter', () => {
    const lines = linesOf(new FrameWriter('n1').frames(long('x', 5_000)))
    expect(lines.slice(0, -1).every(line => bytes(line) === FRAME_BYTES)).toBe(true)
    expect(lines).toHaveLength(6)
  })

  test('goes on in the sequence from message to message', () => {
    const writer = new FrameWriter('n1')
    const lines = linesOf(['a', long('b'), 'c'].map(message => writer.frames(message)).join(''))
    expect(lines.map(line => Number(line.split(' ')[2]))).toEqual(lines.map((_, index) => index))
  })
})

describe('what is read', () => {
  const anyChunks = fc.array(fc.integer({ min: 1, max: 1_500 }), { minLength: 1, maxLength: 20 })
  const anyMessages = fc.array(fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary', maxLength: 4_000 })), {
    maxLength: 6,
  })

  test('is what was written, each node in its order, however nodes interleave and wherever chunks end', () => {
    fc.assert(
      fc.property(
        fc.tuple(anyMessages, anyMessages, anyMessages),
        fc.infiniteStream(fc.nat({ max: 2 })),
        anyChunks,
        (messages, turns, sizes) => {
          const names = ['n1', 'gpu-02.site', 'knoten ä/*']
          const queues = names.map((name, index) => {
            const writer = new FrameWriter(name)
            return (messages[index] ?? []).flatMap(message => linesOf(writer.frames(message)))
          })
          const mixed: string[] = []
          while (queues.some(queue => queue.length > 0)) {
            const line = queues[turns.next().value ?? 0]?.shift()
            if (line !== undefined)
              mixed.push(`${line}\n`, ...(mixed.length % 7 === 3 ? ['srun: Gruß\n'] : []))
          }
          const heard = listen()
          for (const chunk of cut(Buffer.from(mixed.join('')), sizes)) heard.reader.read(chunk)
          for (const [index, name] of names.entries()) {
            const expected = (messages[index] ?? []).map(message => JSON.parse(JSON.stringify(message)))
            expect(heard.messages.filter(([node]) => node === name).map(([, message]) => message)).toEqual(
              expected,
            )
          }
          expect(heard.problems).toEqual([])
          expect(new Set(heard.foreign)).toEqual(
            new Set(mixed.includes('srun: Gruß\n') ? ['srun: Gruß'] : []),
          )
        },
      ),
      { numRuns: 100 },
    )
  })

  test('messages of 1 MB from several nodes at once', () => {
    const names = ['n1', 'n2', 'n3']
    const message = (name: string) => ({
      name,
      samples: Array.from({ length: 160_000 }, (_, index) => index),
    })
    const lines = names.map(name => linesOf(new FrameWriter(name).frames(message(name))))
    expect(JSON.stringify(message('n1')).length).toBeGreaterThan(1_000_000)
    const mixed = (lines[0] ?? []).flatMap((_, index) => lines.map(each => `${each[index]}\n`)).join('')
    const heard = listen()
    for (const chunk of cut(Buffer.from(mixed), [65_536])) heard.reader.read(chunk)
    expect(heard.messages.map(([name]) => name)).toEqual(names)
    for (const [name, received] of heard.messages) expect(received).toEqual(message(name))
    expect(heard.problems).toEqual([])
  })

  test('paths with bytes that are no UTF-8 (lone surrogates)', () => {
    const path = '/data/\udc80\udcff.bin'
    expect(read(new FrameWriter('n1').frames({ path })).messages).toEqual([['n1', { path }]])
  })
})

describe('frames for others', () => {
  test('are skipped, unread, even when they are broken', () => {
    const frames = [
      new FrameWriter('n2').frames('for n2'),
      new FrameWriter('n2').frames('again').replace('again', 'broken'),
      new FrameWriter(EVERYONE).frames('for all'),
      new FrameWriter('n1').frames('for n1'),
    ].join('')
    const heard = read(frames, { accept: (node: string) => node === 'n1' || node === EVERYONE })
    expect(heard.messages).toEqual([
      [EVERYONE, 'for all'],
      ['n1', 'for n1'],
    ])
    expect(heard.problems).toEqual([])
  })
})

test('frames for everyone that were sent before a reader was there are not missed by it', () => {
  const writer = new FrameWriter(EVERYONE)
  writer.frames('said before')
  const heard = read(`${writer.frames('first')}${writer.frames('second')}`)
  expect(heard.messages).toEqual([
    [EVERYONE, 'first'],
    [EVERYONE, 'second'],
  ])
  expect(heard.problems).toEqual([])
})

describe('what does not arrive as it was written', () => {
  const writer = new FrameWriter('n1')
  const [first, second, third] = [
    linesOf(writer.frames(long('a'))),
    linesOf(writer.frames(long('b'))),
    linesOf(writer.frames('c')),
  ] as [string[], string[], string[]]
  const joined = (lines: readonly string[]) => lines.map(line => `${line}\n`).join('')
  const texts = (heard: Heard) => heard.messages.map(([, message]) => (message as string)[0])

  test('any single frame lost: its message is left out and the loss is reported, the others arrive', () => {
    const all = [...first, ...second, ...third]
    for (const [index, lost] of all.entries()) {
      if (index === all.length - 1) continue
      const heard = read(joined(all.filter(line => line !== lost)))
      const owner = first.includes(lost) ? 'a' : 'b'
      expect(texts(heard)).toEqual(['a', 'b', 'c'].filter(each => each !== owner))
      expect(heard.problems).toEqual([{ kind: 'lost', node: 'n1', frames: 1 }])
    }
  })

  test('lost between two messages: the halves are not put together', () => {
    const heard = read(joined([...first.slice(0, 2), ...second.slice(2), ...third]))
    expect(texts(heard)).toEqual(['c'])
    expect(heard.problems).toEqual([{ kind: 'lost', node: 'n1', frames: first.length }])
  })

  test('the very first frame lost', () => {
    const heard = read(joined([...second, ...third]))
    expect(texts(heard)).toEqual(['b', 'c'])
    expect(heard.problems).toEqual([{ kind: 'lost', node: 'n1', frames: first.length }])
  })

  test('a frame twice: counted once', () => {
    const heard = read(joined([...first.slice(0, 2), ...first.slice(1), ...second, ...third]))
    expect(texts(heard)).toEqual(['a', 'b', 'c'])
    expect(heard.problems).toEqual([{ kind: 'repeated', node: 'n1', sequence: 1 }])
  })

  test('any changed or missing byte: never a wrong message, always a problem or a foreign line', () => {
    const frame = new FrameWriter('n1').frames({ type: 'hello', n: 1 }).trimEnd()
    fc.assert(
      fc.property(
        fc.nat({ max: frame.length - 1 }),
        fc.constantFrom('', '!', '0', 'x', ' '),
        (at, replacement) => {
          const broken = frame.slice(0, at) + replacement + frame.slice(at + 1)
          fc.pre(broken !== frame)
          const heard = read(`${broken}\n`, { accept: (node: string) => node === 'n1' })
          expect(heard.messages).toEqual([])
        },
      ),
      { numRuns: 500 },
    )
  })

  test('two lines mixed into each other are garbled, and what follows is read', () => {
    const [one = '', two = ''] = first
    const heard = read(`${one.slice(0, 400)}${two}\n${one.slice(400)}\n${joined([...second, ...third])}`)
    expect(texts(heard)).toEqual(['b', 'c'])
    expect(heard.problems[0]).toMatchObject({ kind: 'garbled' })
    expect(heard.problems.at(-1)).toEqual({ kind: 'lost', node: 'n1', frames: first.length })
  })

  test('another version of the frames, or no name: garbled', () => {
    const heard = read('@odop1 \n@odop1 n1 0 something new\n@odop1 %zz 0 = 00000000 1\n')
    expect(heard.problems.map(({ kind }) => kind)).toEqual(['garbled', 'garbled', 'garbled'])
  })
})

describe('foreign lines', () => {
  test('are handed over as text, with their own encoding', () => {
    const heard = read('srun: error: n1: task 0: Killed\nGrüße\n')
    expect(heard.foreign).toEqual(['srun: error: n1: task 0: Killed', 'Grüße'])
    expect(heard.problems).toEqual([])
  })

  test('before a frame in its line, such as a label or a greeting without an end, leave the frame whole', () => {
    const heard = read(`0: ${new FrameWriter('n1').frames('hello')}`)
    expect(heard.foreign).toEqual(['0: '])
    expect(heard.messages).toEqual([['n1', 'hello']])
  })

  test('without an end come when nothing more comes', () => {
    const heard = read('Connection to n1 closed.')
    expect(heard.foreign).toEqual([])
    heard.reader.end()
    expect(heard.foreign).toEqual(['Connection to n1 closed.'])
  })

  test('that never end are cut: memory is bounded', () => {
    const heard = listen()
    for (let count = 0; count < 300; count++) heard.reader.read(Buffer.alloc(1_000, 'x'))
    expect(heard.foreign.length).toBeGreaterThan(2)
    expect(Math.max(...heard.foreign.map(line => line.length))).toBeLessThanOrEqual(65_536)
    heard.reader.read(Buffer.from(`\n${new FrameWriter('n1').frames('after')}`))
    expect(heard.messages).toEqual([['n1', 'after']])
  })
})

test('a message that is too long is left out, said once, and the next one arrives', () => {
  const writer = new FrameWriter('n1')
  const heard = read(writer.frames(long('x', 20_000)) + writer.frames('next'), { mostMessageBytes: 10_000 })
  expect(heard.messages).toEqual([['n1', 'next']])
  expect(heard.problems).toMatchObject([{ kind: 'too-long', node: 'n1' }])
})

test('a name that leaves no room is a mistake of the caller', () => {
  expect(() => new FrameWriter('')).toThrow(RangeError)
  expect(() => new FrameWriter('n'.repeat(1_000))).toThrow(RangeError)
  expect(
    linesOf(new FrameWriter('ä'.repeat(120)).frames(long('x'))).every(line => bytes(line) <= FRAME_BYTES),
  ).toBe(true)
})

/** Pieces of these sizes, over and over. */
function cut(whole: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, turn = 0; at < whole.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    chunks.push(whole.subarray(at, at + size))
    at += size
  }
  return chunks
}
