import { createReadStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { type Figure, inFolder, odop, pssBytes, rotated, sleep } from './measure.ts'
import type { PartResult } from './parts.ts'
import { launch, type Running } from './processes.ts'
import { missingFor } from './side-by-side.ts'

export interface ThroughputOptions {
  /** Work items of the rate, and of the run in which memory is looked at. */
  readonly items: number
  readonly many: number
  readonly repetitions: number
  /** A run that takes longer is ended; what it has done counts. */
  readonly limitSeconds: number
}

const TASK = `import { fileIn, task } from 'odop'
export default task({ name: 'empty', trigger: fileIn('queue') }, () => {})
`
/** As many as take some seconds. */
const OTHERS_JOBS = 1000

const OTHERS = {
  parallel: { label: 'GNU parallel with `true`', command: 'parallel --will-cite -j CORES true' },
  xargs: { label: '`xargs -n 1 -P` with `true`', command: 'xargs -n 1 -P CORES true' },
} as const
type Other = keyof typeof OTHERS

/** Work items of an empty function: how many a second, and what very many at once cost the supervisor. */
export async function throughputFigures(options: ThroughputOptions): Promise<PartResult> {
  const { items, many, repetitions, limitSeconds } = options
  const rates: Queue[] = []
  const others: Record<Other, number[]> = { parallel: [], xargs: [] }
  const withParallel = missingFor('parallel') === null
  const ways = ['odop', 'xargs', ...(withParallel ? ['parallel' as const] : [])] as const
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const way of rotated(ways, repetition)) {
      if (way === 'odop') rates.push(await workOff(items, limitSeconds))
      else others[way].push(await rateOf(OTHERS[way].command, limitSeconds))
    }
  }
  const large = many > 0 ? await workOff(many, limitSeconds) : null
  const figures: Figure[] = [
    {
      name: `${items} files at once, an empty function: work items`,
      unit: '/s',
      samples: rates.map(({ perSecond }) => perSecond),
      target: { atLeast: 2000 },
    },
    {
      name: `${items} files at once, an empty function: work items, by the time of the whole command`,
      unit: '/s',
      samples: rates.map(({ completed, seconds }) => completed / seconds),
    },
    {
      name: `${items} files at once: not processed exactly once`,
      unit: 'files',
      samples: rates.map(queue => wrong(queue, items)),
      target: { atMost: 0 },
    },
    ...(withParallel ? [timesParallel(rates, others.parallel)] : []),
    ...(['parallel', 'xargs'] as const).flatMap(other => othersFigure(other, others[other])),
    ...(large === null ? [] : manyFigures(large, many)),
  ]
  return { figures, skipped: withParallel ? [] : ['throughput of parallel: no GNU parallel'] }
}

function timesParallel(rates: readonly Queue[], parallel: readonly number[]): Figure {
  return {
    name: 'odop’s work items / GNU parallel’s jobs',
    unit: '×',
    samples: rates.map(({ perSecond }, n) => perSecond / (parallel[n] ?? Number.NaN)),
    target: { atLeast: 10 },
  }
}

function othersFigure(other: Other, samples: readonly number[]): Figure[] {
  return samples.length === 0 ? [] : [{ name: `${OTHERS[other].label}: jobs`, unit: '/s', samples }]
}

function manyFigures(large: Queue, many: number): Figure[] {
  return [
    {
      name: `${many} files at once: processed`,
      unit: 'files',
      samples: [large.completed],
      target: { atLeast: many },
    },
    {
      name: `${many} files at once: not processed exactly once`,
      unit: 'files',
      samples: [wrong(large, many)],
      target: { atMost: 0 },
    },
    { name: `${many} files at once: work items`, unit: '/s', samples: [large.perSecond] },
    {
      name: `${many} files at once: supervisor’s memory (RSS, peak)`,
      unit: 'MB',
      samples: [large.peakRssBytes / 1e6],
      target: { atMost: 250 },
    },
    {
      name: `${many} files at once: supervisor’s memory (PSS, highest look)`,
      unit: 'MB',
      samples: [large.peakPssBytes / 1e6],
    },
  ]
}

/** A queue worked off, by the journal. */
interface Queue {
  /** Files that have a completed attempt, and completed attempts. */
  readonly completed: number
  readonly completions: number
  /** From the first attempt's start to the last one's end. */
  readonly perSecond: number
  /** Of the whole command: odop's start, watching the folder, its end. */
  readonly seconds: number
  readonly peakRssBytes: number
  readonly peakPssBytes: number
}

function wrong({ completed, completions }: Queue, files: number): number {
  return files - completed + (completions - completed)
}

function workOff(files: number, limitSeconds: number): Promise<Queue> {
  return inFolder(async folder => {
    mkdirSync(path.join(folder, 'tasks'))
    mkdirSync(path.join(folder, 'queue'))
    writeFileSync(path.join(folder, 'tasks', 'empty.js'), TASK)
    for (let file = 0; file < files; file++) writeFileSync(path.join(folder, 'queue', `${file}`), '')
    const running = launch([odop, 'run', '--quiet', '--drain', '--name', 'bench', '--', 'true'], {
      cwd: folder,
      env: { ODOP_PATH: path.join(folder, 'odop') },
      limitSeconds,
    })
    const memory = await watchMemory(running)
    const journal = path.join(folder, 'odop', 'runs', 'bench', 'events.ndjson')
    return { ...(await account(journal)), ...memory, seconds: (await running.ended).seconds }
  })
}

async function watchMemory({ child, ended }: Running) {
  let over = false
  ended.then(() => {
    over = true
  })
  const pid = child.pid ?? 0
  const peak = { peakRssBytes: 0, peakPssBytes: 0 }
  for (let look = 0; !over; look++) {
    try {
      const highWater = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      peak.peakRssBytes = Math.max(peak.peakRssBytes, Number(highWater ?? 0) * 1024)
      // A look at the maps costs the process that is looked at: one a second.
      if (look % 10 === 0) peak.peakPssBytes = Math.max(peak.peakPssBytes, pssBytes([pid]))
    } catch {
      // It has just ended.
    }
    await sleep(100)
  }
  return peak
}

async function account(journal: string): Promise<Pick<Queue, 'completed' | 'completions' | 'perSecond'>> {
  let first = Number.POSITIVE_INFINITY
  let last = 0
  let completions = 0
  const completed = new Set<string>()
  for await (const line of createInterface({ input: createReadStream(journal) })) {
    const started = line.includes('"attempt-started"')
    if (!started && !line.includes('"attempt-ended"')) continue
    const event = JSON.parse(line)
    if (started) first = Math.min(first, event.at)
    else if (event.outcome === 'completed') {
      last = Math.max(last, event.at)
      completions += 1
      completed.add(event.item)
    }
  }
  return { completed: completed.size, completions, perSecond: completions / ((last - first) / 1000) }
}

/** Jobs a second of a tool that reads their names from stdin, its own start included. */
async function rateOf(tool: string, limitSeconds: number): Promise<number> {
  const command = `seq ${OTHERS_JOBS} | ${tool.replace('CORES', String(os.availableParallelism()))}`
  const { seconds } = await launch(['sh', '-c', command], { cwd: os.tmpdir(), limitSeconds }).ended
  return OTHERS_JOBS / seconds
}
