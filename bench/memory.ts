import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { readAccount } from './account.ts'
import { type Figure, inFolder, odop } from './measure.ts'
import { limitedCgroup } from './memory-cgroup.ts'
import type { PartResult } from './parts.ts'
import { type Ended, launch } from './processes.ts'
import type { Workloads } from './workloads.ts'

export interface MemoryOptions {
  readonly workloads: Workloads
  /** Attempts that take memory without end, each in a run of its own. */
  readonly devourers: number
}

const MEGABYTE = 1 << 20
/** Of the cgroup; what the application holds; what the task says that it needs. The reserve of 10 % and odop fit besides. */
const LIMIT_MEGABYTES = 2048
const HELD_MEGABYTES = 1550
const TASK_MEMORY = '64M'
const COMPUTED_SECONDS = 8
/** With the filling of its memory and odop's start. */
export const RUN_SECONDS = 12

/** `memory` of the task; null: only the reserve stands between the attempt and the application. */
interface Case {
  readonly label: string
  readonly memory: string | null
}

const CASES: readonly Case[] = [
  { label: `a task with memory: '${TASK_MEMORY}' takes memory without end`, memory: TASK_MEMORY },
  { label: 'a task without a limit takes memory without end', memory: null },
]
/** Each of them, and the application alone. */
export const RUNS = 1 + CASES.length

interface Devoured {
  readonly label: string
  readonly aloneSeconds: number
  readonly wallSeconds: number | null
  /** The application's exit code was 0, and its memory held what it had written. */
  readonly untouched: boolean
  /** How the attempt ended, by the journal; null: it did not. */
  readonly outcome: string | null
  readonly reason: string | null
  readonly kernelKills: number
  readonly notes: readonly string[]
}

/** An attempt that takes memory without end, beside an application near the memory limit of their common cgroup. */
export async function memoryFigures({ workloads, devourers }: MemoryOptions): Promise<PartResult> {
  const leftOut = (reason: string) => ({ figures: [], skipped: [`memory: ${reason}`] })
  const { hold, devour, missing } = workloads
  if (hold === null || devour === null) return leftOut(missing)
  if (os.freemem() < 2 * LIMIT_MEGABYTES * MEGABYTE) return leftOut('less than 4 GB of memory are free')
  const possible = limitedCgroup(LIMIT_MEGABYTES * MEGABYTE)
  if ('missing' in possible) return leftOut(possible.missing)
  await possible.remove()

  const runs: Devoured[] = []
  for (let run = 0; run < devourers; run++) runs.push(...(await repetition(hold, devour, workloads)))
  const figures = CASES.flatMap(({ label }) =>
    figuresOf(
      label,
      runs.filter(run => run.label === label),
    ),
  )
  const failed = runs
    .filter(({ outcome }) => outcome === null)
    .map(({ label }) => `memory: ${label}: no attempt came to an end, it may never have got a core`)
  return { figures, skipped: [], failed, details: { cgroupVersion: possible.version, runs } }
}

function figuresOf(label: string, runs: readonly Devoured[]): Figure[] {
  const count = (of: (run: Devoured) => boolean) => [runs.filter(of).length]
  const target = { atLeast: runs.length }
  const unit = `of ${runs.length}`
  return [
    { name: `${label}: ended, the journal names memory`, unit, samples: count(named), target },
    { name: `${label}: the application untouched`, unit, samples: count(run => run.untouched), target },
    {
      name: `${label}: application’s time / alone`,
      unit: '×',
      samples: runs.flatMap(({ wallSeconds, aloneSeconds }) =>
        wallSeconds === null ? [] : [wallSeconds / aloneSeconds],
      ),
    },
    {
      name: `${label}: the kernel had to choose`,
      unit,
      samples: count(({ kernelKills }) => kernelKills > 0),
    },
  ]
}

function named({ outcome, reason }: Devoured): boolean {
  return outcome !== null && outcome !== 'completed' && /memory/i.test(reason ?? '')
}

async function repetition(hold: string, devour: string, { rates }: Workloads): Promise<Devoured[]> {
  const words = [hold, HELD_MEGABYTES, COMPUTED_SECONDS, rates.c, path.join('queue', 'filled')].map(String)
  const alone = readAccount((await inCgroup(words, null)).ended)
  const devoured: Devoured[] = []
  for (const { label, memory } of CASES) {
    // Every core counts as idle: what is asked here is about memory, whatever else the machine does.
    const flags = ['--quiet', '--name', 'bench', '--idle-threshold', '100']
    const beside = await inCgroup([odop, 'run', ...flags, '--', ...words], taskModule(devour, memory))
    const end = beside.journal.find(event => event.type === 'attempt-ended')
    devoured.push({
      label,
      aloneSeconds: alone.wallSeconds,
      ...conditionOf(beside.ended),
      outcome: end?.outcome ?? null,
      reason: end?.reason ?? null,
      kernelKills: beside.kernelKills,
      notes: beside.ended.stderr.split('\n').filter(line => line !== ''),
    })
  }
  return devoured
}

/** The task comes when the application holds its memory. */
function taskModule(devour: string, memory: string | null): string {
  return `import { fileIn, task } from 'odop'
export default task({
  name: 'devour',
  trigger: fileIn('queue'),
  ${memory === null ? '' : `memory: '${memory}',`}
  retries: 0,
  command: () => [${JSON.stringify(devour)}],
})
`
}

interface JournalEvent {
  readonly type: string
  readonly outcome?: string
  readonly reason?: string | null
}

function inCgroup(command: readonly string[], task: string | null) {
  return inFolder(async folder => {
    for (const name of ['queue', 'tasks']) mkdirSync(path.join(folder, name))
    if (task !== null) writeFileSync(path.join(folder, 'tasks', 'devour.js'), task)
    const cgroup = limitedCgroup(LIMIT_MEGABYTES * MEGABYTE)
    if ('missing' in cgroup) throw new Error(cgroup.missing)
    const ended = await launch(cgroup.enter(command), {
      cwd: folder,
      env: { ODOP_PATH: path.join(folder, 'odop') },
      limitSeconds: 12 * RUN_SECONDS,
    }).ended
    const kernelKills = cgroup.kernelKills()
    await cgroup.remove()
    return { ended, kernelKills, journal: journalIn(folder) }
  })
}

function journalIn(folder: string): JournalEvent[] {
  try {
    const text = readFileSync(path.join(folder, 'odop', 'runs', 'bench', 'events.ndjson'), 'utf8')
    return text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
  } catch {
    return []
  }
}

function conditionOf(ended: Ended): Pick<Devoured, 'wallSeconds' | 'untouched'> {
  try {
    const account: { wallSeconds: number; intact?: boolean } = readAccount(ended)
    return { wallSeconds: account.wallSeconds, untouched: ended.code === 0 && account.intact === true }
  } catch {
    return { wallSeconds: null, untouched: false }
  }
}
