import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { agingFigures } from './aging.ts'
import { estimatedSeconds } from './estimate.ts'
import { harvestFigures } from './harvest.ts'
import { jobFigures } from './job.ts'
import { largeApplicationFigures } from './large-application.ts'
import { latencyFigures } from './latency.ts'
import { loadAverage, machine } from './machine.ts'
import { type Figure, inFolder, messageOf } from './measure.ts'
import { memoryFigures } from './memory.ts'
import { type Options, type Part, readOptions } from './options.ts'
import type { PartResult } from './parts.ts'
import { reportFigures } from './report.ts'
import { schedulerFigures } from './scheduler.ts'
import { simulationFigures } from './simulation.ts'
import { slurmFigures } from './slurm.ts'
import { openedFilesFigure, startFigures } from './start.ts'
import { figureLine, markdownTable } from './table.ts'
import { throughputFigures } from './throughput.ts'
import { watchingFigures } from './watching.ts'
import { prepareWorkloads, type Workloads } from './workloads.ts'

/** `npm run bench`: every figure from one run, as a table and as JSON with the machine's description. Reports, never judges. */
const options = readOptions(process.argv.slice(2))
const begun = { at: new Date().toISOString(), loadAverage: loadAverage() }
const figures: Figure[] = []
const skipped: string[] = []
const failed: string[] = []
const details: Partial<Record<Part, unknown>> = {}
let calibration: Workloads['rates'] | null = null

const WITH_WORKLOADS = ['harvest', 'job', 'memory', 'slurm'] as const
const results = fileURLToPath(new URL('./results/', import.meta.url))
const file = `${results}${begun.at.replaceAll(':', '')}`
mkdirSync(results, { recursive: true })

console.error(`on a quiet machine this takes some ${Math.ceil(estimatedSeconds(options) / 60)} min`)
await inFolder(async folder => {
  const needsWorkloads = WITH_WORKLOADS.some(part => options.parts.has(part))
  const workloads = needsWorkloads ? prepareWorkloads(folder) : null
  calibration = workloads?.rates ?? null
  for (const part of options.parts) {
    await measurePart(part, () => measure(part, options, workloads))
    save()
  }
})

for (const text of skipped) console.log(`skipped: ${text}`)
for (const text of failed) console.log(`FAILED: ${text}`)
console.log(`\n${JSON.stringify(machine())}\nfigures with all samples: ${file}.json, as a table: ${file}.md`)
if (failed.length > 0) process.exitCode = 1

/** After each part: a run that is broken off keeps what it has. */
function save(): void {
  const run = { begun, machine: machine(), options: readable(options), calibration }
  const report = { ...run, figures, skipped, failed, details }
  writeFileSync(`${file}.json`, `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(`${file}.md`, markdownTable(figures))
}

/** What fails in one part is said, and takes nothing from the others. */
async function measurePart(part: Part, work: () => Promise<PartResult>): Promise<void> {
  try {
    const result = await work()
    for (const figure of result.figures) console.log(figureLine(figure))
    figures.push(...result.figures)
    skipped.push(...result.skipped)
    failed.push(...(result.failed ?? []))
    if (result.details !== undefined) details[part] = result.details
  } catch (error) {
    failed.push(`${part}: ${messageOf(error)}`)
  }
}

async function measure(part: Part, given: Options, workloads: Workloads | null): Promise<PartResult> {
  switch (part) {
    case 'start':
      return plain(await startFigures(15))
    case 'opened':
      return plain(await openedFilesFigure())
    case 'watching':
      return plain(await watchingFigures(30))
    case 'latency':
      return plain(await latencyFigures(given.files))
    case 'harvest':
      return workloads === null ? plain([]) : harvestFigures({ ...given, workloads })
    case 'job':
      return workloads === null ? plain([]) : jobFigures({ ...given, workloads })
    case 'throughput':
      return throughputFigures(given)
    case 'scheduler':
      return schedulerFigures({ nodes: 1000, coresOfANode: 128, items: 100_000, calls: 20 })
    case 'large':
      return largeApplicationFigures({ processes: 2000, seconds: 30 })
    case 'report':
      return reportFigures(5)
    case 'aging':
      return agingFigures({ hours: 48 })
    case 'simulation':
      return simulationFigures({
        nodes: [1000, 3000],
        hours: given.hours,
        secondsOfAnHour: 3,
        realAgents: 64,
      })
    case 'memory':
      return workloads === null ? plain([]) : memoryFigures({ ...given, workloads })
    case 'slurm':
      return workloads === null ? plain([]) : slurmFigures({ ...given, workloads })
  }
}

function plain(list: readonly Figure[]): PartResult {
  return { figures: list, skipped: [] }
}

function readable({ parts, shapes, ...rest }: Options) {
  return { parts: [...parts], shapes: shapes.map(({ name }) => name), ...rest }
}
