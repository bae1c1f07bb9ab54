import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import type { OdopEvent } from '../../src/core/events.ts'
import { readJournal } from '../../src/journal/journal-reader.ts'
import { openJournal } from '../../src/journal/journal-writer.ts'
import { numbered, samples } from './events.ts'
import { type Fault, faultyFile } from './faulty-file.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'odop-journal-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => {
  vi.useRealTimers()
})

let files = 0
const newFile = () => path.join(folder, `events-${files++}.ndjson`)
const now = () => 0
const quiet = { run: 'r', now, warn: () => {} }

async function eventsOf(file: string): Promise<OdopEvent[]> {
  const events: OdopEvent[] = []
  await readJournal(file, event => events.push(event))
  return events
}

const numbers = (events: readonly OdopEvent[]) =>
  events.filter(event => event.type === 'note').map(event => event.at)
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

test('one event of each kind comes back as it was, behind a header', async () => {
  const file = newFile()
  const journal = openJournal({ ...quiet, file })
  for (const event of samples) journal.append(event)
  expect(await journal.close()).toBe(true)
  expect(await eventsOf(file)).toEqual(samples)
  expect(JSON.parse(readFileSync(file, 'utf8').split('\n')[0] ?? '')).toMatchObject({ schema: 1 })
})

test('a second launch appends, without a second header', async () => {
  const file = newFile()
  for (const launch of [1, 2, 3]) {
    const journal = openJournal({ ...quiet, file })
    journal.append(numbered(launch))
    await journal.close()
  }
  expect(readFileSync(file, 'utf8').match(/schema/g)).toHaveLength(1)
  expect(numbers(await eventsOf(file))).toEqual([1, 2, 3])
})

test.each([
  ['within an event', '{"schema":1}\n{"type":"note","at":1,"level":"info","text":""}\n{"type":"no', [1, 2]],
  ['before its newline', '{"schema":1}\n{"type":"note","at":1,"level":"info","text":""}', [1, 2]],
  ['within the header', '{"sche', [2]],
])('a journal that was torn %s goes on in a line of its own', async (_, content, expected) => {
  const file = newFile()
  writeFileSync(file, content)
  const journal = openJournal({ ...quiet, file })
  journal.append(numbered(2))
  await journal.close()
  expect(numbers(await eventsOf(file))).toEqual(expected)
  expect(readFileSync(file, 'utf8')).toContain('{"schema":1')
})

test('what is appended in one turn of the event loop is one write', async () => {
  const fake = faultyFile([{ atMost: 1e9 }, { atMost: 1e9 }, { atMost: 1e9 }])
  const journal = openJournal({ ...quiet, file: 'f', openFile: fake.open })
  for (const number of upTo(1000)) journal.append(numbered(number))
  await journal.flush()
  expect(fake.faultsLeft()).toBe(2)
})

const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constant('fails' as const),
  fc.record({ atMost: fc.integer({ min: 1, max: 200 }) }),
)

test('after any short and failed writes every event is there exactly once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fault, { maxLength: 30 }),
      fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 30 }),
      async (faults, paddings) => {
        const fake = faultyFile(faults)
        const journal = openJournal({ ...quiet, file: 'f', openFile: fake.open })
        for (const [index, padding] of paddings.entries()) {
          journal.append(numbered(index + 1, padding))
          // Some are appended while others are being written, others after a failure.
          if (padding % 3 === 0) await journal.flush()
        }
        while (!(await journal.flush()));
        await journal.close()
        const file = newFile()
        writeFileSync(file, fake.text())
        expect(numbers(await eventsOf(file))).toEqual(upTo(paddings.length))
        rmSync(file)
      },
    ),
    { numRuns: 300 },
  )
})

test('a failure is said once, and is tried again with growing pauses', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const fake = faultyFile(['fails', 'fails', 'fails'])
  const warn = vi.fn()
  const journal = openJournal({ ...quiet, warn, file: '/full/events.ndjson', openFile: fake.open })
  journal.append(numbered(1))
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  }
  await settle()
  expect(fake.faultsLeft()).toBe(2)
  journal.append(numbered(2))
  await settle()
  expect(fake.faultsLeft()).toBe(2)
  await vi.advanceTimersByTimeAsync(1000)
  await settle()
  expect(fake.faultsLeft()).toBe(1)
  await vi.advanceTimersByTimeAsync(1999)
  await settle()
  expect(fake.faultsLeft()).toBe(1)
  await vi.advanceTimersByTimeAsync(1)
  await settle()
  await vi.advanceTimersByTimeAsync(4000)
  await settle()
  expect(fake.text().match(/"note"/g)).toHaveLength(2)
  expect(warn).toHaveBeenCalledTimes(1)
  expect(warn.mock.calls[0]?.[0]).toContain('ENOSPC')
})

test('while nothing can be written the newest events are kept, and the loss is told', async () => {
  const fake = faultyFile(Array(5).fill('fails'))
  const journal = openJournal({ ...quiet, file: 'f', openFile: fake.open, keepEvents: 100 })
  for (const number of upTo(1000)) {
    journal.append(numbered(number))
    if (number % 200 === 0) await journal.flush()
  }
  while (!(await journal.flush()));
  const file = newFile()
  writeFileSync(file, fake.text())
  const events = await eventsOf(file)
  const kept = events.filter(event => event.type === 'note' && event.level === 'info').map(event => event.at)
  expect(kept).toEqual(upTo(1000).slice(-kept.length))
  expect(kept.length).toBeGreaterThanOrEqual(100)
  const lost = events.flatMap(event =>
    event.type === 'note' && event.level === 'warning' ? [event.text] : [],
  )
  expect(lost.reduce((sum, text) => sum + Number.parseInt(text, 10), 0)).toBe(1000 - kept.length)
})

test('a hung file system holds up neither append nor flush', async () => {
  const hung = () => new Promise<never>(() => {})
  const journal = openJournal({ ...quiet, file: 'f', openFile: hung })
  for (const number of upTo(1000)) journal.append(numbered(number))
  expect(await journal.flush(20)).toBe(false)
  expect(await journal.close(20)).toBe(false)
})

test('a folder that does not exist is a warning; when it appears nothing is lost', async () => {
  const file = path.join(folder, 'later', 'events.ndjson')
  const warnings: string[] = []
  const journal = openJournal({ ...quiet, file, warn: text => warnings.push(text) })
  journal.append(numbered(1))
  expect(await journal.flush()).toBe(false)
  expect(warnings).toHaveLength(1)
  mkdirSync(path.dirname(file))
  expect(await journal.close()).toBe(true)
  expect(numbers(await eventsOf(file))).toEqual([1])
})

describe('kill -9', () => {
  test('of a writer at any moment loses nothing that was flushed', async () => {
    const file = newFile()
    let acknowledged = 0
    for (let round = 0; round < 5; round++) {
      const written = numbers(await eventsOf(file))
      expect(written).toEqual(upTo(written.length))
      expect(written.length).toBeGreaterThanOrEqual(acknowledged)
      acknowledged = await writeUntilKilled(file, written.length + 1, 20 + round * 23)
      // What a kill within a write would leave.
      if (round % 2 === 0) appendFileSync(file, '{"type":"note","at":5')
    }
  })

  /** Lets a process append numbers and kills it after so many were acknowledged; resolves with the last one that was. */
  async function writeUntilKilled(file: string, from: number, acknowledgements: number): Promise<number> {
    const script = fileURLToPath(new URL('appender.ts', import.meta.url))
    const child = spawn(process.execPath, ['--import', 'tsx', script, file, String(from)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let last = 0
    let count = 0
    child.stdout.on('data', (data: Buffer) => {
      const lines = data.toString().split('\n').filter(Boolean)
      last = Number(lines.at(-1) ?? last)
      count += lines.length
      if (count >= acknowledgements) child.kill('SIGKILL')
    })
    const [, signal] = await new Promise<[number | null, string | null]>(resolve =>
      child.once('close', (code, name) => resolve([code, name])),
    )
    expect(signal).toBe('SIGKILL')
    return last
  }
})

const canMount = (() => {
  const point = path.join(folder, 'probe')
  mkdirSync(point)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'odop-test', point]).status !== 0) return false
  return spawnSync('umount', [point]).status === 0
})()

test.skipIf(!canMount)(
  'a disk that is full for a while loses nothing (skipped: needs leave to mount a tmpfs)',
  async () => {
    const point = path.join(folder, 'small')
    mkdirSync(point)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'odop-test', point])
    try {
      const file = path.join(point, 'events.ndjson')
      const filler = path.join(point, 'filler')
      const warnings: string[] = []
      const journal = openJournal({ ...quiet, file, warn: text => warnings.push(text) })
      writeFileSync(filler, Buffer.alloc(40_000))
      for (const number of upTo(300)) {
        journal.append(numbered(number, 70))
        if (number % 7 === 0) await journal.flush()
      }
      expect(await journal.flush()).toBe(false)
      expect(warnings).toHaveLength(1)
      rmSync(filler)
      expect(await journal.close()).toBe(true)
      expect(numbers(await eventsOf(file))).toEqual(upTo(300))
    } finally {
      execFileSync('umount', ['-l', point])
    }
  },
)
