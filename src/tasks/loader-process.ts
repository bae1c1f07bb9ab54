import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { entryPoint } from '../entry-points.ts'
import { yieldAsSession } from '../os/autogroup.ts'
import { systemCalls } from '../os/system-calls.ts'
import { killLeftovers, killTree } from './kill-tree.ts'
import type { LoaderReport, LoaderRequest } from './loader/protocol.ts'
import { timeLimit } from './time-limit.ts'

export interface LoaderRun {
  readonly reports: readonly LoaderReport[]
  /** null: it did all that it was asked for, or reported itself why not. Otherwise what became of it. */
  readonly failure: string | null
}

export interface LoaderOptions {
  readonly request: LoaderRequest
  readonly cwd: string
  /** For each module; time in which the loader waits for a core does not count. */
  readonly timeLimitSeconds: number
  readonly onStarted?: ((pid: number) => void) | undefined
  /** In a session of its own, at the lowest nice value: beside an application that is in another one anyway. Default: false. */
  readonly ownSession?: boolean | undefined
}

/** Starts a loader child, and resolves when it is gone with everything that it started. Never rejects. */
export async function runLoader(options: LoaderOptions): Promise<LoaderRun> {
  try {
    return await run(options)
  } catch (error) {
    return { reports: [], failure: `the loader could not be started: ${String(error)}` }
  }
}

async function run(options: LoaderOptions): Promise<LoaderRun> {
  const { request, cwd, timeLimitSeconds, onStarted, ownSession = false } = options
  const mark = `ODOP_LOADER=${randomUUID()}`
  const child = start(cwd, mark, ownSession)
  // Here already, and not only by itself: Node's own start takes 0.1 s of a core.
  if (inBackground(request) && child.pid !== undefined) systemCalls()?.runWhenIdle(child.pid)
  if (ownSession && child.pid !== undefined) yieldAsSession(child.pid)
  if (child.pid !== undefined) onStarted?.(child.pid)
  const reports: LoaderReport[] = []
  const errorOutput = lastOf(child.stderr)
  const limit = timeLimit({
    pid: child.pid,
    seconds: timeLimitSeconds,
    onOver: () => child.pid !== undefined && killTree(child.pid),
  })
  limit.restart()
  createInterface({ input: child.stdio[3] as Readable }).on('line', line => {
    const report = reportOf(line)
    if (report === null) return
    reports.push(report)
    if (report.type === 'begin') limit.restart()
    if (report.type === 'stopped' && child.pid !== undefined) killTree(child.pid)
  })
  child.stdin?.on('error', () => {})
  child.stdin?.end(JSON.stringify(request))

  const ending = await ended(child)
  limit.stop()
  const stopped = reports.some(report => report.type === 'stopped')
  if (!stopped && child.pid !== undefined) killLeftovers(child.pid, mark)
  if (stopped) return { reports, failure: null }
  if (limit.over()) return { reports, failure: `did not finish loading within ${timeLimitSeconds} s` }
  return { reports, failure: `${ending}${errorOutput()}` }
}

function inBackground(request: LoaderRequest): boolean {
  return request.kind === 'tasks' && request.inBackground
}

/** null: not from the loader, but from a module that wrote to a file descriptor that is not its own. */
function reportOf(line: string): LoaderReport | null {
  try {
    return JSON.parse(line) as LoaderReport
  } catch {
    return null
  }
}

function start(cwd: string, mark: string, ownSession: boolean): ChildProcess {
  const [name = '', value] = mark.split('=')
  return spawn(process.execPath, [entryPoint('loader')], {
    cwd,
    env: { ...process.env, [name]: value },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    // On Linux it makes itself the leader of a process group in this session, see docs/architecture.md.
    detached: ownSession || process.platform !== 'linux',
  })
}

/** How it ended, once all that it reported has been read. */
function ended(child: ChildProcess): Promise<string> {
  child.stdout?.resume()
  return new Promise(resolve => {
    child.once('error', error => resolve(`the loader could not be started: ${error.message}`))
    child.once('exit', (code, signal) => {
      const how =
        signal === null ? `ended the loader with exit code ${code}` : `ended the loader: killed by ${signal}`
      // Not 'close': what the module started may hold stdout open. Nothing but the loader has the reports' pipe.
      const pipe = child.stdio[3] as Readable
      if (pipe.readableEnded) resolve(how)
      else pipe.once('close', () => resolve(how))
    })
  })
}

/** The last line of what a child wrote, as the end of a sentence; empty: it wrote nothing. */
export function lastOf(stream: Readable | null): () => string {
  let tail = ''
  stream?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-MOST_OUTPUT)
  })
  return () => {
    const line = tail.trim().split('\n').at(-1) ?? ''
    return line === '' ? '' : ` (its last words: ${line})`
  }
}

const MOST_OUTPUT = 4_096
