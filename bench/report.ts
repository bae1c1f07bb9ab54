import { spawn } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { runPaths } from '../src/journal/run-paths.ts'
import { type GeneratedRun, writeGeneratedRun } from '../test/views/report/generated-run.ts'
import { inFolder } from './measure.ts'
import type { PartResult } from './parts.ts'

/** A run of two days on 100 nodes with all that odop would have written of it: some 1.5 GB. */
const LARGE: GeneratedRun = { name: 'large', nodes: 100, cores: 64, hours: 48, attempts: 10_000, every: 10 }

/** What `odop report --format html` takes for a large run. */
export async function reportFigures(repetitions: number): Promise<PartResult> {
  const costs: ReportCost[] = []
  await inFolder(async folder => {
    writeGeneratedRun(folder, LARGE)
    for (let repetition = 0; repetition < repetitions; repetition++)
      costs.push(await reportCost(folder, LARGE.name))
  })
  const of = 'the report of 48 h × 100 nodes × 10,000 attempts'
  const figure = (name: string, unit: string, value: (cost: ReportCost) => number, atMost: number) => ({
    name: `${of}: ${name}`,
    unit,
    samples: costs.map(value),
    target: { atMost },
  })
  const figures = [
    figure('time', 's', ({ seconds }) => seconds, 10),
    figure('most memory', 'MB', ({ peakBytes }) => peakBytes / 1e6, 1000),
    figure('size of the page', 'MB', ({ pageBytes }) => pageBytes / 1e6, 10),
  ]
  return { figures, skipped: [] }
}

export interface ReportCost {
  readonly seconds: number
  readonly peakBytes: number
  readonly pageBytes: number
}

/** Makes a run's page with the compiled program. */
export async function reportCost(odopPath: string, run: string): Promise<ReportCost> {
  const odop = fileURLToPath(new URL('../bin/odop.js', import.meta.url))
  const begun = performance.now()
  const child = spawn(odop, ['report', run, '--format', 'html'], {
    env: { ...process.env, ODOP_PATH: odopPath },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  let peakBytes = 0
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, highWaterBytes(child.pid ?? 0))
  }, 20)
  const code = await new Promise(resolve => child.once('close', resolve))
  clearInterval(timer)
  if (code !== 0) throw new Error(`odop report ended with code ${code}`)
  const seconds = (performance.now() - begun) / 1000
  return { seconds, peakBytes, pageBytes: statSync(runPaths(odopPath, run).report).size }
}

/** The kernel keeps the highest value itself, so that looking now and then is enough. */
function highWaterBytes(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
