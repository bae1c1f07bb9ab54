import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { latencyFigures } from './latency.ts'
import { type Figure, median, quantile } from './measure.ts'
import { openedFilesFigure, startFigures } from './start.ts'
import { watchingFigures } from './watching.ts'

/** `npm run bench`: every figure from one run, as a table and as JSON with the machine's description. Reports, never judges. */
const figures: Figure[] = [
  ...(await startFigures(15)),
  ...(await openedFilesFigure()),
  ...(await watchingFigures(15)),
  ...(await latencyFigures(40)),
]

for (const figure of figures) console.log(line(figure))
const results = fileURLToPath(new URL('./results/', import.meta.url))
mkdirSync(results, { recursive: true })
const file = `${results}${new Date().toISOString().replaceAll(':', '')}.json`
writeFileSync(file, `${JSON.stringify({ machine: machine(), figures }, null, 2)}\n`)
console.log(`\n${JSON.stringify(machine())}\nfigures with all samples: ${file}`)

function line({ name, unit, samples, target }: Figure): string {
  const spread =
    samples.length > 1
      ? `  (${show(Math.min(...samples))} – ${show(Math.max(...samples))}, p99 ${show(quantile(samples, 0.99))}, n=${samples.length})`
      : ''
  const bound =
    target?.atMost !== undefined
      ? `  target ≤ ${target.atMost}`
      : target?.atLeast !== undefined
        ? `  target ≥ ${target.atLeast}`
        : ''
  return `${name.padEnd(52)} ${show(median(samples)).padStart(8)} ${unit}${bound}${spread}`
}

function show(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

function machine() {
  return {
    cores: os.availableParallelism(),
    model: os.cpus()[0]?.model,
    memoryBytes: os.totalmem(),
    kernel: os.release(),
    node: process.version,
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
  }
}
