import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { type MetricsRow, openMetrics } from '../../src/journal/metrics-csv.ts'
import { readMetrics } from '../../src/journal/metrics-reader.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'odop-metrics-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0
const newFile = () => path.join(folder, `${files++}.csv`)

async function read(file: string, withCores = true) {
  const rows: MetricsRow[] = []
  const cores: number[][] = []
  const found = await readMetrics(
    file,
    {
      onCores: each => cores.push([...each]),
      onRow: row => rows.push({ ...row, coreShares: [...row.coreShares] }),
    },
    { withCores },
  )
  return { found, rows, cores }
}

const thousandths = fc.integer({ min: 0, max: 64_000 }).map(value => value / 1000)
const bytes = fc.integer({ min: 0, max: 2 ** 45 })
const row = fc.record({
  at: fc.integer({ min: 0, max: 2 ** 42 }),
  appCores: thousandths,
  taskCores: thousandths,
  odopCores: thousandths,
  appMemoryBytes: bytes,
  tasksMemoryBytes: bytes,
  odopMemoryBytes: bytes,
  coreShares: fc.array(
    fc.integer({ min: 0, max: 1000 }).map(value => value / 1000),
    { minLength: 3, maxLength: 3 },
  ),
})

test('what the writer writes is read back, whatever the numbers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async rows => {
      const file = newFile()
      const writer = openMetrics({ file, cores: [0, 2, 5] })
      for (const each of rows) writer.append(each)
      await writer.close()
      expect(await read(file)).toEqual({ found: true, rows, cores: [[0, 2, 5]] })
      const without = await read(file, false)
      expect(without.rows).toEqual(rows.map(each => ({ ...each, coreShares: [] })))
    }),
    { numRuns: 30 },
  )
})

test('a file that is longer than what is read at once loses no row', async () => {
  const file = newFile()
  const line = `2026-03-01T12:00:00.000Z,1.5,0.5,0.001,100,200,300,0.25,1\n`
  writeFileSync(file, `time,a,b,c,d,e,f,core0,core1\n${line.repeat(60_000)}`)
  const { rows } = await read(file)
  expect(rows).toHaveLength(60_000)
  expect(rows.every(each => each.appCores === 1.5 && each.coreShares[1] === 1)).toBe(true)
})

test('torn and damaged lines are skipped; a second header changes the cores', async () => {
  const file = newFile()
  const amounts = '1,0,0,10,0,0'
  writeFileSync(file, `time,a,b,c,d,e,f,core0\n2026-03-01T12:00:10.000Z,${amounts},0.5\n`)
  appendFileSync(
    file,
    `2026-03-01T12:00:20.000Z,${amounts}\n\x00\x01garbage\n2026-03-01T12:0x:20.000Z,${amounts},1\n`,
  )
  appendFileSync(
    file,
    `time,a,b,c,d,e,f,core3,core4\n2026-03-01T12:00:30.000Z,${amounts},0.1,0.2\n2026-03-01T12:00:4`,
  )
  const { rows, cores } = await read(file)
  expect(cores).toEqual([[0], [3, 4]])
  expect(rows.map(({ coreShares }) => coreShares)).toEqual([[0.5], [0.1, 0.2]])
})

test('a missing file is a value', async () => {
  expect(await read(path.join(folder, 'none'))).toEqual({ found: false, rows: [], cores: [] })
})
