import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { entryPoint } from '../../entry-points.ts'
import type { SystemCalls } from '../../os/system-calls.ts'
import { OWN_SESSION, type RunnerStart } from './messages.ts'

export interface RunnerLaunch {
  readonly start: RunnerStart
  readonly native: SystemCalls | null
  readonly environment: NodeJS.ProcessEnv
}

/** Starts a runner. With native calls it settles itself; without them it is settled here, and made for one attempt. */
export function launchRunner({ start, native, environment }: RunnerLaunch): ChildProcess {
  const words = [entryPoint('runner'), String(process.pid), ...(start.ownSession ? [OWN_SESSION] : [])]
  const options = { cwd: '/', env: environment }
  const [program = '', ...args] = words
  if (native !== null) {
    const runner = fork(program, args, { ...options, execArgv: [], stdio: SILENT })
    // Not only once it can do so itself: until then Node's own start would take 0.1 s of a core from the application.
    if (runner.pid !== undefined) native.runWhenIdle(runner.pid)
    return runner
  }

  const log = openLog(start.logFile)
  const output = log ?? 'ignore'
  try {
    // A new session is the only process group that Node can make. What that costs the application on Linux (sessions
    // share a core equally) the runner takes back by the nice value of its session's autogroup.
    const [first = process.execPath, ...rest] = [...launchers(start.cores), process.execPath, ...words]
    return spawn(first, rest, { ...options, detached: true, stdio: ['ignore', output, output, 'ipc'] })
  } finally {
    if (log !== null) closeSync(log)
  }
}

const SILENT: ('ignore' | 'ipc')[] = ['ignore', 'ignore', 'ignore', 'ipc']

/** Programs of util-linux and coreutils that do what the native calls do, each of which executes the rest of its words. */
function launchers(cores: readonly number[]): string[] {
  if (process.platform !== 'linux') return []
  const pin = cores.length === 0 ? [] : [['taskset', '-c', cores.join(',')]]
  return [...SETTLING, ...pin].filter(works).flat()
}

const SETTLING = [
  ['setpriv', '--pdeathsig', 'KILL'],
  ['nice', '-n', '19'],
  ['chrt', '-i', '0'],
  ['ionice', '-c', '3'],
]

/** Tried once for each: it may be missing, too old for the option, or forbidden. */
function works(launcher: readonly string[]): boolean {
  const [program = '', ...words] = launcher
  const key = launcher.join(' ')
  const known = tried.get(key) ?? spawnSync(program, [...words, 'true'], { stdio: 'ignore' }).status === 0
  tried.set(key, known)
  return known
}

const tried = new Map<string, boolean>()

/** null: it cannot be written (disk full, no permission); the attempt runs all the same, without a log. */
function openLog(file: string | null): number | null {
  try {
    return file === null ? null : openSync(file, 'a', 0o600)
  } catch {
    return null
  }
}
