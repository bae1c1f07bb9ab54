import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { formatDuration } from '../core/units.ts'
import { describeNode } from '../node/observe/allocation.ts'
import { writeStderr } from '../os/stderr.ts'
import { startBurner } from '../simulation/burn.ts'
import { planSimulation, type SimulationPlan, type SimulationWords } from '../simulation/plan.ts'
import { print } from './print.ts'

/** `odop simulate`: exit code 0 also when a signal ends it, which is its regular end without a limit. */
export async function simulate(words: SimulationWords): Promise<number> {
  const { cores } = describeNode({ name: '', env: {} })
  const planned = planSimulation(words, cores)
  if ('problems' in planned) {
    for (const problem of planned.problems) writeStderr(`odop: ${problem}\n`)
    return 2
  }
  const { plan } = planned
  const folder = plan.files === null ? null : usableFolder(plan.files)
  if (folder !== null && 'problem' in folder) {
    writeStderr(`odop: --files: ${folder.problem}\n`)
    return 2
  }
  return await carryOut(plan)
}

/** Until the last cycle or the time is over, or a signal comes. */
async function carryOut(plan: SimulationPlan): Promise<number> {
  print(`${describe(plan)}\n`)
  const startAt = Date.now()
  const clock = new Clock(startAt, plan.timeSeconds)
  const burners = plan.cores.map(core => startBurner({ ...plan, core, startAt }))
  for (const burner of burners) burner.on('error', error => writeStderr(`odop: ${error.message}\n`))
  for (let cycle = 1; !clock.isOver && (plan.cycles === null || cycle <= plan.cycles); cycle++) {
    const begin = (cycle - 1) * (plan.busySeconds + plan.idleSeconds)
    print(`${at(begin)}  cycle ${cycle}: busy for ${formatDuration(plan.busySeconds)}\n`)
    await clock.reaches(begin + plan.busySeconds)
    if (clock.isOver) break
    if (plan.files !== null)
      print(`${at(begin + plan.busySeconds)}  cycle ${cycle}: wrote ${writeFile(plan.files, cycle)}\n`)
    if (plan.idleSeconds > 0)
      print(`${at(begin + plan.busySeconds)}  cycle ${cycle}: idle for ${formatDuration(plan.idleSeconds)}\n`)
    await clock.reaches(begin + plan.busySeconds + plan.idleSeconds)
  }
  clock.close()
  for (const burner of burners) burner.kill('SIGKILL')
  print(`${at((Date.now() - startAt) / 1000)}  ended${clock.signal === null ? '' : ` by ${clock.signal}`}\n`)
  return 0
}

function describe({ cores, busySeconds, idleSeconds, level }: SimulationPlan): string {
  const times = `${formatDuration(busySeconds)} busy, ${formatDuration(idleSeconds)} idle`
  return `simulating an application on ${cores.length === 1 ? 'core' : 'cores'} ${cores.join(',')}: ${times}, at ${Math.round(level * 100)}%`
}

function at(seconds: number): string {
  return `${seconds.toFixed(1).padStart(7)} s`
}

/** Waits, but for a signal and the time that was given. */
class Clock {
  signal: NodeJS.Signals | null = null
  readonly #startAt: number
  readonly #limitSeconds: number
  #wake = () => {}
  readonly #listener = (signal: NodeJS.Signals) => {
    this.signal ??= signal
    this.#wake()
  }

  constructor(startAt: number, limitSeconds: number | null) {
    this.#startAt = startAt
    this.#limitSeconds = limitSeconds ?? Number.POSITIVE_INFINITY
    for (const signal of ENDING) process.on(signal, this.#listener)
  }

  get isOver(): boolean {
    return this.signal !== null || Date.now() >= this.#startAt + this.#limitSeconds * 1000
  }

  async reaches(seconds: number): Promise<void> {
    const due = this.#startAt + Math.min(seconds, this.#limitSeconds) * 1000
    while (this.signal === null && Date.now() < due) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, Math.min(due - Date.now(), LONGEST_TIMER_MS))
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  close(): void {
    for (const signal of ENDING) process.off(signal, this.#listener)
  }
}

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const LONGEST_TIMER_MS = 60_000

function usableFolder(folder: string): { readonly folder: string } | { readonly problem: string } {
  try {
    mkdirSync(folder)
    return { folder }
  } catch (error) {
    if (existsSync(folder)) return { folder }
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

function writeFile(folder: string, cycle: number): string {
  const file = path.join(folder, `step-${String(cycle).padStart(4, '0')}.txt`)
  try {
    writeFileSync(file, `cycle ${cycle}\n`)
    return file
  } catch (error) {
    return `nothing: ${error instanceof Error ? error.message : String(error)}`
  }
}
