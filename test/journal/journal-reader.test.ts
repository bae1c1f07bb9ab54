import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import type { OdopEvent } from '../../src/core/events.ts'
import { apply, newState } from '../../src/core/state.ts'
import { readJournal } from '../../src/journal/journal-reader.ts'
import { validEvent } from '../../src/journal/valid-event.ts'
import { launched, launchStarted, nodeUsage } from '../views/samples.ts'
import { numbered, samples } from './events.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'odop-reader-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = path.join(folder, 'events.ndjson')
const HEADER = '{"schema":1}'

async function read(content: string | Buffer) {
  writeFileSync(file, content)
  const events: OdopEvent[] = []
  const result = await readJournal(file, event => events.push(event))
  return { events, result }
}

test('a missing file and a folder are values', async () => {
  expect(await readJournal(path.join(folder, 'none'), () => {})).toEqual({ kind: 'missing' })
  expect(await readJournal(folder, () => {})).toMatchObject({ kind: 'unreadable' })
})

test('a newer schema is refused, and nothing of it is handed over', async () => {
  const { events, result } = await read(`{"schema":2}\n${JSON.stringify(numbered(1))}\n`)
  expect(result).toEqual({ kind: 'newer', schema: 2 })
  expect(events).toEqual([])
})

test('lines that are no events are skipped and counted', async () => {
  const lines = [
    HEADER,
    JSON.stringify(numbered(1)),
    '{"type":"note","at":',
    '{"type":"a-later-kind","at":3}',
    'null',
    '[]',
    '{"type":"constructor","at":1}',
    JSON.stringify(numbered(2)),
    '',
  ]
  const { events, result } = await read(lines.join('\n'))
  expect(events).toEqual([numbered(1), numbered(2)])
  expect(result).toMatchObject({ kind: 'read', events: 2, skipped: 5, skippedLines: [3, 4, 5, 6, 7] })
})

test('reading goes on where it ended, when the file has grown', async () => {
  const first = `${HEADER}\n${JSON.stringify(numbered(1))}\n`
  const second = JSON.stringify(numbered(2))
  const before = await read(first + second.slice(0, 9))
  if (before.result.kind !== 'read') throw new Error('not read')
  expect(before.result.end).toBe(first.length)
  writeFileSync(file, `${first}${second}\n`)
  const events: OdopEvent[] = []
  await readJournal(file, event => events.push(event), { from: before.result.end })
  expect(events).toEqual([numbered(2)])
})

test('200,000 events, with lines across the borders of the pieces', async () => {
  const expected = Array.from({ length: 200_000 }, (_, index) => numbered(index, index % 50))
  const { events, result } = await read(
    [HEADER, ...expected.map(event => JSON.stringify(event)), ''].join('\n'),
  )
  expect(result).toMatchObject({ kind: 'read', events: 200_000, skipped: 0 })
  expect(events.every((event, index) => event.at === index)).toBe(true)
})

test('a line longer than the pieces in which it is read', async () => {
  const long = numbered(1, 3_000_000)
  const { events } = await read([HEADER, JSON.stringify(long), JSON.stringify(numbered(2))].join('\n'))
  expect(events.map(event => event.at)).toEqual([1, 2])
})

test('events of each kind are valid, and none without any of its fields that a reader needs', () => {
  for (const event of samples) {
    expect(validEvent(JSON.parse(JSON.stringify(event)))).toEqual(event)
    for (const field of Object.keys(event)) {
      const { [field]: _, ...less } = event as unknown as Record<string, unknown>
      expect([event.type, field, validEvent(less)]).toEqual([event.type, field, null])
    }
  }
})

test('whatever happens to a journal, intact lines are read and the fold goes on', async () => {
  const lines = Array.from({ length: 40 }, (_, index) => JSON.stringify(samples[index % samples.length]))
  const damage = fc.record({
    line: fc.nat(lines.length - 1),
    at: fc.nat(60),
    kind: fc.constantFrom('cut', 'garbage', 'zeros', 'lost'),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { maxLength: 8 }), fc.boolean(), async (damages, endsTorn) => {
      const damaged = new Map<number, Buffer>()
      for (const { line, at, kind, bytes } of damages) {
        const text = Buffer.from(lines[line] ?? '')
        const junk =
          kind === 'zeros' ? Buffer.alloc(8) : Buffer.from(bytes.map(byte => (byte === 10 ? 11 : byte)))
        const cut = text.subarray(0, Math.min(at, text.length - 2))
        damaged.set(
          line,
          kind === 'lost'
            ? Buffer.alloc(0)
            : kind === 'cut'
              ? cut
              : Buffer.concat([cut, junk, text.subarray(at)]),
        )
      }
      const content = lines.map((line, index) => damaged.get(index) ?? Buffer.from(line))
      const whole = Buffer.concat(content.flatMap(line => [line, Buffer.from('\n')]))
      const { events, result } = await read(
        Buffer.concat([Buffer.from(`${HEADER}\n`), endsTorn ? whole.subarray(0, -1) : whole]),
      )
      expect(result.kind).toBe('read')
      const texts = new Set(events.map(event => JSON.stringify(event)))
      const intact = lines.filter((_, index) => !damaged.has(index))
      for (const line of intact) expect(texts.has(JSON.stringify(JSON.parse(line)))).toBe(true)
      expect(events.length).toBeGreaterThanOrEqual(intact.length)
      const state = newState()
      for (const event of events) apply(state, event)
    }),
    { numRuns: 200 },
  )
})

test('with only the last usage of each node a launch folds to the same state, with far fewer events', async () => {
  const usage = (node: string, seconds: number): OdopEvent => ({
    type: 'usage',
    at: 1000 + seconds,
    usage: nodeUsage(node, { coreSeconds: { total: seconds, app: 1, tasks: 1, odop: 1, idle: seconds - 3 } }),
  })
  const launch = launched().map(event => JSON.stringify(event))
  const many = Array.from({ length: 300 }, (_, index) => JSON.stringify(usage(`n${index % 3}`, index)))
  const lines = [
    HEADER,
    ...launch,
    ...many,
    JSON.stringify(launchStarted(500)),
    ...many.slice(0, 50),
    '{"type":"usage","at":',
  ]
  writeFileSync(file, lines.join('\n'))

  const folded = async (lastUsage: boolean) => {
    const state = newState()
    const result = await readJournal(file, event => apply(state, event), { lastUsage })
    return { state, result }
  }
  const [all, last] = [await folded(false), await folded(true)]
  expect(last.state).toEqual(all.state)
  expect(last.state.usage.get('n1')?.coreSeconds.total).toBe(49)
  expect(all.result).toMatchObject({ events: launch.length + 351, skipped: 1 })
  expect(last.result).toMatchObject({ events: launch.length + 1 + 3 + 3, skipped: 1 })
})
