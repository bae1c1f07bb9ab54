import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { reportCost } from '../../../bench/report.ts'
import { runPaths } from '../../../src/journal/run-paths.ts'
import { createRig } from '../../rig/rig.ts'
import { chromium, openPage } from './chromium.ts'
import { writeGeneratedRun } from './generated-run.ts'

/** As large as a run that is to work, but measured every two minutes: with odop's ten seconds `npm run bench` has it. */
const RUN = { name: 'large', nodes: 100, cores: 64, hours: 48, attempts: 10_000, every: 120 }

test.skipIf(process.platform !== 'linux')(
  'the report of two days on 100 nodes with 10,000 attempts is made soon, takes little memory, and is small (needs Linux)',
  { timeout: 120_000 },
  async () => {
    await using rig = createRig()
    writeGeneratedRun(rig.odopPath, RUN)
    const { seconds, peakBytes, pageBytes } = await reportCost(rig.odopPath, RUN.name)
    // Far less on a machine that does nothing else; what is far more means that something grows with the run.
    expect(seconds).toBeLessThan(20)
    expect(peakBytes).toBeGreaterThan(30e6)
    expect(peakBytes).toBeLessThan(500e6)
    expect(pageBytes).toBeLessThan(10e6)
    const page = readFileSync(runPaths(rig.odopPath, RUN.name).report, 'utf8')
    for (const told of [
      'folded into bins of 5m',
      'each of the 100 lines is a node',
      '400 of 10,000 attempts',
    ]) {
      expect(page).toContain(told)
    }
  },
)

test.skipIf(chromium === undefined)(
  'its page opens within seconds (skipped where chromium is missing)',
  { timeout: 120_000 },
  async () => {
    await using rig = createRig()
    writeGeneratedRun(rig.odopPath, RUN)
    await reportCost(rig.odopPath, RUN.name)
    await using page = await openPage({ width: 1280, height: 900 })
    const begun = performance.now()
    await page.open(pathToFileURL(runPaths(rig.odopPath, RUN.name).report).href)
    const drawn = await page.evaluate<number>(`document.querySelectorAll('.chart canvas').length`)
    expect(drawn).toBe(4)
    // Three on a machine that does nothing else.
    expect((performance.now() - begun) / 1000).toBeLessThan(10)
  },
)
