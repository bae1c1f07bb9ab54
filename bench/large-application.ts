import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { commandLine, cpuSeconds, type Figure, inFolder, odop, odopProcesses, sleep } from './measure.ts'
import type { PartResult } from './parts.ts'
import { killProcesses, launch, tree } from './processes.ts'

export interface LargeOptions {
  readonly processes: number
  readonly seconds: number
}

/** What odop has to do meanwhile. */
interface Case {
  readonly name: string
  readonly task: string
}

const CASES: readonly Case[] = [
  {
    name: 'nothing queued',
    task: `export default task({ name: 'watch', trigger: fileIn('data') }, () => {})`,
  },
  {
    name: 'an attempt running',
    // It sleeps: what it does is not odop's cost, but that it runs makes odop look more often.
    task: `export default task({ name: 'sleep' }, () => new Promise(resolve => setTimeout(resolve, 1e6)))`,
  },
]

/** The start of the application and of odop is measured elsewhere. */
const WARM_UP_SECONDS = 10
const GROUPS = 20

/** What odop costs beside an application of very many processes that do little. */
export async function largeApplicationFigures(options: LargeOptions): Promise<PartResult> {
  const figures: Figure[] = []
  for (const one of CASES) figures.push(...(await measureCase(one, options)))
  return { figures, skipped: [] }
}

function measureCase({ name, task }: Case, { processes, seconds }: LargeOptions): Promise<Figure[]> {
  return inFolder(async folder => {
    mkdirSync(path.join(folder, 'tasks'))
    mkdirSync(path.join(folder, 'data'))
    writeFileSync(path.join(folder, 'tasks', 'task.js'), `import { fileIn, task } from 'odop'\n${task}\n`)
    const running = launch([odop, 'run', '--quiet', '--', 'sh', '-c', application(processes)], {
      cwd: folder,
      env: { ODOP_PATH: path.join(folder, 'odop') },
      limitSeconds: 300,
    })
    const supervisor = running.child.pid ?? 0
    await sleep(WARM_UP_SECONDS * 1000)
    const before = useOf(supervisor)
    await sleep(seconds * 1000)
    const after = useOf(supervisor)
    // odop ends with its application; one that is asked to end would leave its own children behind.
    killProcesses(applicationOf(supervisor))
    await running.ended

    const share = (of: (role: Role) => boolean) => (growth(before, after, of) / seconds) * 100
    const label = `odop’s CPU beside ${processes} processes, ${name}`
    const roles = ROLES.map(role => ({
      name: `${label}: ${role}`,
      unit: '% of a core',
      samples: [share(other => other === role)],
    }))
    const all = { name: label, unit: '% of a core', samples: [share(() => true)], target: { atMost: 3 } }
    return [all, ...roles]
  })
}

/** Groups of processes that sleep; each group starts a short command every second, as applications do. */
function application(processes: number): string {
  const sleepers = Math.floor(processes / GROUPS) - 2
  return `
for group in $(seq ${GROUPS}); do
  sh -c 'for n in $(seq ${sleepers}); do sleep 600 & done; while :; do sleep 1; done' &
done
wait`
}

function applicationOf(supervisor: number): number[] {
  const own = new Set(odopProcesses(supervisor))
  return tree(supervisor).filter(pid => !own.has(pid))
}

const ROLES = ['supervisor', 'keeper', 'runners and others'] as const
type Role = (typeof ROLES)[number]
type Use = ReadonlyMap<number, { readonly role: Role; readonly seconds: number }>

function useOf(supervisor: number): Use {
  return new Map(
    odopProcesses(supervisor).map(pid => [
      pid,
      { role: roleOf(pid, supervisor), seconds: cpuSeconds([pid]) },
    ]),
  )
}

function roleOf(pid: number, supervisor: number): Role {
  if (pid === supervisor) return 'supervisor'
  return commandLine(pid).includes('keeper.cjs') ? 'keeper' : 'runners and others'
}

function growth(before: Use, after: Use, of: (role: Role) => boolean): number {
  return [...after]
    .filter(([, { role }]) => of(role))
    .reduce((sum, [pid, { seconds }]) => sum + seconds - (before.get(pid)?.seconds ?? 0), 0)
}
