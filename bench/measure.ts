import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The command line of odop as an installed user has it. */
export const odop = fileURLToPath(new URL('../bin/odop.js', import.meta.url))

/** One figure of the bench, with the target that it is held against where there is one. */
export interface Figure {
  readonly name: string
  readonly unit: string
  readonly samples: readonly number[]
  readonly target?: { readonly atMost?: number; readonly atLeast?: number }
}

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const half = sorted.length / 2
  return ((sorted[Math.ceil(half) - 1] ?? Number.NaN) + (sorted[Math.floor(half)] ?? Number.NaN)) / 2
}

export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

/** Each repetition begins with another one: what the machine does by and by hits all of them alike. */
export function rotated<T>(list: readonly T[], by: number): T[] {
  const from = by % list.length
  return [...list.slice(from), ...list.slice(0, from)]
}

/** What went wrong, in a line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('\n').slice(0, MESSAGE_LINES).join(' ')
}

/** The rest is the stack of whatever failed. */
const MESSAGE_LINES = 2

/** Runs `work` in a folder of its own that is removed afterwards. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'odop-bench-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export function start(
  command: readonly string[],
  folder: string,
  stdout: 'pipe' | 'ignore' = 'ignore',
): ChildProcess {
  const [program = '', ...rest] = command
  const environment = { ...process.env, ODOP_PATH: path.join(folder, 'odop') }
  return spawn(program, rest, { cwd: folder, env: environment, stdio: ['ignore', stdout, 'ignore'] })
}

export function ended(child: ChildProcess): Promise<number | null> {
  return new Promise(resolve => child.once('exit', code => resolve(code)))
}

/** CPU seconds of the given processes so far (utime and stime of each, not of their children). */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = statFields(pid)
    return sum + (Number(fields[11]) + Number(fields[12])) / 100
  }, 0)
}

/** Proportional set size in bytes: pages that several processes share are counted once. */
export function pssBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const match = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))
    return sum + Number(match?.[1] ?? 0) * 1024
  }, 0)
}

/** The supervisor and its helpers: its descendants that run this package's code. */
export function odopProcesses(supervisor: number): number[] {
  const own = (pid: number) => commandLine(pid).includes(`${path.dirname(path.dirname(odop))}/`)
  return [supervisor, ...descendants(supervisor).filter(own)]
}

/** Empty when the process has just ended. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

function descendants(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number)
  return children.flatMap(child => {
    try {
      return [child, ...descendants(child)]
    } catch {
      return []
    }
  })
}

/** Fields of /proc/PID/stat after the command's name, `state` first. */
function statFields(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds))
}
