import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { followRun } from '../../src/cli/dashboard/follow-run.ts'
import { lastMetrics } from '../../src/journal/metrics-tail.ts'
import { runPaths } from '../../src/journal/run-paths.ts'
import { launched, queued } from '../views/samples.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function newRun() {
  const odopPath = mkdtempSync(path.join(os.tmpdir(), 'odop-test-'))
  folders.push(odopPath)
  const paths = runPaths(odopPath, 'heat')
  mkdirSync(path.dirname(paths.metrics('n1')), { recursive: true })
  return paths
}

it('reads a journal on as it grows, torn lines when they are whole', async () => {
  const paths = newRun()
  const run = followRun(paths)
  expect(await run.poll(0)).toBe(false)
  appendFileSync(
    paths.journal,
    launched()
      .map(event => `${JSON.stringify(event)}\n`)
      .join(''),
  )
  expect(await run.poll(1)).toBe(true)
  expect(await run.poll(2)).toBe(false)
  const line = `${JSON.stringify(queued('reduce', 1, 1))}\n`
  appendFileSync(paths.journal, line.slice(0, 20))
  expect(await run.poll(3)).toBe(false)
  appendFileSync(paths.journal, line.slice(20))
  expect(await run.poll(4)).toBe(true)
  expect(run.told.state.pendingCount).toBe(1)
})

it('takes the last whole row of the metrics', async () => {
  const paths = newRun()
  const file = paths.metrics('n1')
  expect(await lastMetrics(file)).toBeNull()
  const head =
    'time,app_cores,task_cores,odop_cores,app_memory_bytes,tasks_memory_bytes,odop_memory_bytes,core0,core1\n'
  writeFileSync(file, head)
  expect(await lastMetrics(file)).toBeNull()
  const row = '2026-03-01T12:00:10.000Z,1,0.5,0,100,20,3,0.5,1\n'
  writeFileSync(
    file,
    `${head}${row.repeat(2000)}${row.replace('0.5,1\n', '0.25,0\n')}2026-03-01T12:00:20.000Z,1`,
  )
  expect(await lastMetrics(file)).toEqual({
    coreShares: [0.25, 0],
    memoryBytes: { app: 100, tasks: 20, odop: 3 },
  })
})
