import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { MpiNeeds } from '../../../src/core/model.ts'
import type { AttemptReport, AttemptSpec } from '../../../src/node/agent.ts'
import { type KeeperClient, startKeeper } from '../../../src/node/keeper-client.ts'
import { sampleTask } from '../../sample-task.ts'
import { indexOf } from './fixtures/tasks.mjs'

export type Ended = Extract<AttemptReport, { type: 'ended' }>

/** A keeper client in a folder of its own; all that it starts carries a mark, by which leftovers are found. */
export interface KeeperRig extends AsyncDisposable {
  readonly folder: string
  readonly client: KeeperClient
  readonly reports: AttemptReport[]
  readonly failures: string[]
  start(task: string, extra?: SpecExtra): AttemptSpec
  /** Hands attempts that note these files to the runner of a running one; null: it takes none. */
  follow(lead: AttemptSpec, files: readonly string[], task?: string): AttemptSpec[] | null
  ended(spec: AttemptSpec): Promise<Ended>
  run(task: string, extra?: SpecExtra): Promise<Ended>
  log(spec: { readonly logFile: string }): string
  read(file: string): string
  exists(file: string): boolean
  processes(): number[]
}

export interface SpecExtra extends Partial<Omit<AttemptSpec, 'task'>> {
  readonly env?: Record<string, string>
  readonly module?: string
  readonly mpi?: MpiNeeds
}

export interface KeeperRigOptions {
  readonly warmRunners?: number
  readonly environment?: NodeJS.ProcessEnv
}

export function createKeeperRig({ warmRunners = 0, environment = {} }: KeeperRigOptions = {}): KeeperRig {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'odop-keeper-'))
  const mark = randomUUID()
  const reports: AttemptReport[] = []
  const failures: string[] = []
  let count = 0
  const client = startKeeper({
    warmRunners,
    ownSessions: false,
    environment: { ...process.env, ...environment, ODOP_TEST: mark },
    onReport: report => reports.push(report),
    onFailure: text => failures.push(text),
  })
  const at = (file: string) => path.join(folder, file)
  const rig: KeeperRig = {
    folder,
    client,
    reports,
    failures,
    start(task, extra) {
      count += 1
      const spec = specOf({ task, folder, count, ...extra })
      client.start(spec)
      return spec
    },
    follow({ attempt }, files, task = 'function notesFile') {
      const specs = files.map(file => {
        count += 1
        return specOf({ task, folder, count, files: [at(file)] })
      })
      return client.follow(attempt, specs) ? specs : null
    },
    async ended({ attempt }) {
      const find = () => reports.find(report => report.type === 'ended' && report.attempt === attempt)
      await until(`${attempt} has ended`, () => find() !== undefined)
      return find() as Ended
    },
    run: (task, extra) => rig.ended(rig.start(task, extra)),
    log: ({ logFile }) => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''),
    read: file => readFileSync(at(file), 'utf8'),
    exists: file => existsSync(at(file)),
    processes: () => processesMarked(mark),
    async [Symbol.asyncDispose]() {
      await client.close()
      for (const pid of processesMarked(mark)) killQuietly(pid)
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return rig
}

export interface SpecOptions extends SpecExtra {
  /** `function NAME` or `command NAME` of the fixture. */
  readonly task: string
  readonly folder: string
  readonly count: number
}

export function specOf({ task, folder, count, env, module, mpi, ...rest }: SpecOptions): AttemptSpec {
  const index = indexOf(task)
  if (index < 0) throw new Error(`no ${task} among the fixtures`)
  return {
    attempt: `test#${count}.1`,
    number: 1,
    task: sampleTask({
      name: 'test',
      module: module ?? fixtureModule,
      index,
      env: env ?? {},
      mpi: mpi ?? null,
    }),
    files: [],
    node: 'here',
    // Unpinned, so that a busy core of a small machine holds up no test.
    cores: [],
    run: { name: 'a-run', folder },
    logFile: path.join(folder, `attempt-${count}.log`),
    scratch: path.join(folder, `scratch-${count}`),
    cwd: folder,
    ...rest,
  }
}

const fixtureModule = fileURLToPath(new URL('./fixtures/tasks.mjs', import.meta.url))

/** Live processes with this mark in their environment, whatever their session or parent; a zombie has none. */
export function processesMarked(mark: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(
      pid =>
        pid > 0 && pid !== process.pid && readQuietly(`/proc/${pid}/environ`).includes(`ODOP_TEST=${mark}\0`),
    )
}

/**
 * Whether SIGKILL has been sent to it. It executes nothing any more, but on a machine whose cores are all busy a
 * SCHED_IDLE process needs seconds of wall time to be gone.
 */
export function isDoomed(pid: number): boolean {
  const pending = /^SigPnd:\s+(\w+)$/m.exec(readQuietly(`/proc/${pid}/status`))?.[1] ?? '100'
  return (Number.parseInt(pending.slice(-4), 16) & SIGKILL_BIT) !== 0
}

const SIGKILL_BIT = 1 << 8

export function stateOf(pid: number): string {
  const stat = readQuietly(`/proc/${pid}/stat`)
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
}

export function readQuietly(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

export function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

/** Polls until the condition holds; says what it waited for when it never does. */
export async function until(what: string, condition: () => boolean, seconds = 50): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`after ${seconds} s still not: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
