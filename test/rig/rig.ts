import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { OdopEvent } from '../../src/core/events.ts'

/** The command as it is installed. */
export const odop = fileURLToPath(new URL('../../bin/odop.js', import.meta.url))

/**
 * A user's folder with tasks, and odop run in it as a real process. Every process that is started through the rig
 * carries the rig's mark in its environment, so that what is left over can be found, and ended by pid.
 */
export interface Rig extends AsyncDisposable {
  readonly folder: string
  readonly odopPath: string
  write(file: string, content: string | Buffer): void
  read(file: string): string
  remove(file: string): void
  list(folder: string): string[]
  /** Starts odop (or any command); stdin is empty unless given. */
  start(command: readonly string[], options?: StartOptions): Started
  odop(words: readonly string[], options?: StartOptions): Promise<Finished>
  /** Intact events of a run's journal. */
  events(run: string): OdopEvent[]
  summary(run: string): Record<string, unknown>
  /** Live processes that this rig's commands have started. */
  processes(): { pid: number; command: string }[]
}

export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: Buffer
}

export interface Finished {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: Buffer
  readonly stderr: string
}

export interface Started {
  readonly pid: number
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
  stdout(): string
  stderr(): string
}

export function createRig(): Rig {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'odop-rig-'))
  const odopPath = path.join(folder, '.odop-path')
  const at = (file: string) => path.join(folder, file)

  const rig: Rig = {
    folder,
    odopPath,
    write(file, content) {
      mkdirSync(path.dirname(at(file)), { recursive: true })
      writeFileSync(at(file), content)
    },
    read: file => readFileSync(at(file), 'utf8'),
    remove: file => rmSync(at(file), { force: true }),
    list: name => readdirSync(at(name)).sort(),
    start: (command, options = {}) => startProcess(command, folder, odopPath, options),
    odop: (words, options) => rig.start([odop, ...words], options).finished,
    events: run => readEvents(path.join(odopPath, 'runs', run, 'events.ndjson')),
    summary: run => JSON.parse(readFileSync(path.join(odopPath, 'runs', run, 'summary.json'), 'utf8')),
    processes: () => markedProcesses(folder),
    async [Symbol.asyncDispose]() {
      for (const { pid } of markedProcesses(folder)) killQuietly(pid)
      await until('the rig’s processes are gone', () => markedProcesses(folder).length === 0)
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return rig
}

function startProcess(
  command: readonly string[],
  folder: string,
  odopPath: string,
  { environment, input }: StartOptions,
): Started {
  const [program = '', ...rest] = command
  const child = spawn(program, rest, {
    cwd: folder,
    // Whatever else this machine does, its cores count as idle: what is tested here is not how that is judged.
    env: {
      ...process.env,
      ODOP_PATH: odopPath,
      ODOP_RIG: folder,
      ODOP_IDLE_THRESHOLD: '100%',
      ...environment,
    },
  })
  const stdout: Buffer[] = []
  let stderr = ''
  child.stdout.on('data', chunk => stdout.push(chunk))
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input ?? '')
  return {
    pid: child.pid ?? 0,
    child,
    stdout: () => Buffer.concat(stdout).toString(),
    stderr: () => stderr,
    finished: new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code, signal) => resolve({ code, signal, stdout: Buffer.concat(stdout), stderr }))
    }),
  }
}

/** Of a journal that may be written at the moment. */
export function readEvents(file: string): OdopEvent[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap(line => {
      try {
        const value = JSON.parse(line)
        return typeof value.type === 'string' ? [value as OdopEvent] : []
      } catch {
        return []
      }
    })
}

/** The mark is inherited by everything that a command starts, whatever its session or parent. */
function markedProcesses(mark: string): { pid: number; command: string }[] {
  return readdirSync('/proc').flatMap(name => {
    const pid = Number(name)
    if (!(pid > 0)) return []
    try {
      if (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`ODOP_RIG=${mark}\0`)) return []
      return [{ pid, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') }]
    } catch {
      return []
    }
  })
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

/** Polls until the condition holds; says what it waited for when it never does. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  seconds = 30,
  pauseMilliseconds = 20,
): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`after ${seconds} s still not: ${what}`)
    await new Promise(resolve => setTimeout(resolve, pauseMilliseconds))
  }
}
