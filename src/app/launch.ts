import { fstatSync, statSync } from 'node:fs'
import { execa } from 'execa'
import { writeStderr } from '../os/stderr.ts'
import { systemCalls } from '../os/system-calls.ts'
import { foundFile, mayBeRefused } from './executable-file.ts'
import { type ApplicationExit, spawnError } from './exit-code.ts'
import { exactCommand, type LaunchContext } from './launch-context.ts'
import { type StartCommand, startCommand } from './start-command.ts'

export type { ApplicationExit } from './exit-code.ts'

/** The wrapped command, from odop's point of view. */
export interface Application {
  /** null: it could not be started; the reason is in `ended`, and has been said on stderr. */
  readonly pid: number | null
  /** False as soon as Node has reaped it: from then on its process id may be somebody else's. */
  isRunning(): boolean
  /** Never rejects. */
  readonly ended: Promise<ApplicationExit>
}

export interface LaunchRequest {
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly launchContext: LaunchContext
}

/**
 * Starts the application exactly as if odop were not there: same descriptors, session, process group, limits, ignored
 * signals, folder and environment. It does not notice when odop ends, however that happens.
 */
export function launchApplication(request: LaunchRequest): Application {
  const command = exactCommand(request.command)
  const [name = ''] = command
  const { launchContext, environment } = request
  const start = startCommand({
    command,
    environment,
    ignoredSignals: launchContext.ignoredSignals,
    closedFds: launchContext.closedFds,
    openFilesLimit: systemCalls() === null ? launchContext.openFilesLimit : null,
    mayBeRefused: mayBeRefused(name, environment['PATH']),
  })
  const subprocess = withOpenFilesLimit(launchContext.openFilesLimit, () =>
    withInheritedFds(launchContext.inheritedFds.filter(isOpen), listedFds =>
      spawnInherited(start, listedFds),
    ),
  )
  let running = subprocess.pid !== undefined
  subprocess.once('exit', () => {
    running = false
  })
  return { pid: subprocess.pid ?? null, isRunning: () => running, ended: endOf(subprocess, name) }
}

type Subprocess = ReturnType<typeof spawnInherited>

function spawnInherited(start: StartCommand, inheritedFds: readonly number[]) {
  return execa(start.file, [...start.args], {
    stdio: ['inherit', 'inherit', 'inherit', ...stdioAbove2(inheritedFds)],
    env: start.environment,
    extendEnv: false,
    // By this name also a folder that was deleted, or whose parents can't be entered, is the one that odop was called in.
    ...(statSync(HERE, { throwIfNoEntry: false }) ? { cwd: HERE } : {}),
    buffer: false,
    cleanup: false,
    detached: false,
    preferLocal: false,
    reject: false,
    windowsHide: false,
  })
}

const HERE = '/proc/self/cwd'

/** `inherit` passes a descriptor on under its number; `ignore` leaves those between closed. */
function stdioAbove2(fds: readonly number[]): ('inherit' | 'ignore')[] {
  const above2 = Array.from({ length: Math.max(2, ...fds) - 2 }, (_, index) => index + 3)
  return above2.map(fd => (fds.includes(fd) ? 'inherit' : 'ignore'))
}

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd)
    return true
  } catch {
    return false
  }
}

/**
 * Node has marked all descriptors as not to be inherited; for the moment of the spawn these are. Without native calls they
 * are listed, which takes execa a while when their numbers are high.
 */
function withInheritedFds<T>(fds: readonly number[], spawn: (listedFds: readonly number[]) => T): T {
  const native = systemCalls()
  if (native === null) return spawn(fds)
  for (const fd of fds) native.setInheritable(fd, true)
  try {
    return spawn([])
  } finally {
    for (const fd of fds) native.setInheritable(fd, false)
  }
}

/** A child inherits the limit that its parent has at the spawn. */
function withOpenFilesLimit<T>(limit: number | null, spawn: () => T): T {
  const before = limit === null ? null : (systemCalls()?.setOpenFilesLimit(limit) ?? null)
  try {
    return spawn()
  } finally {
    if (before !== null) systemCalls()?.setOpenFilesLimit(before)
  }
}

async function endOf(subprocess: Subprocess, name: string): Promise<ApplicationExit> {
  try {
    const { exitCode, signal, code } = await subprocess
    if (code === undefined) return { code: exitCode ?? null, signal: signal ?? null, spawnError: null }
    return couldNotStart(name, code)
  } catch (error) {
    return couldNotStart(name, error instanceof Error ? error.message : String(error))
  }
}

function couldNotStart(name: string, code: string): ApplicationExit {
  const error = spawnError(name, code, foundFile(name))
  writeStderr(`odop: ${error.message}\n`)
  return { code: null, signal: null, spawnError: error }
}
