import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** How a command of the bench ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** From before it was started until it was gone. */
  readonly seconds: number
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

export interface LaunchOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** It is ended after this long, so that no fault of what is measured can hold up the bench. */
  readonly limitSeconds: number
}

/** A process that has ended leaves its last output in the pipes for a moment. */
const PIPES_MILLISECONDS = 1000

/** Starts a command in the session of the bench: a session of its own would be a scheduling group of its own. */
export function launch(command: readonly string[], { cwd, env, limitSeconds }: LaunchOptions): Running {
  const [program = '', ...words] = command
  const before = performance.now()
  const child = spawn(program, words, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const limit = setTimeout(() => killTree(child.pid ?? 0), limitSeconds * 1000)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', chunk => {
    stdout += chunk
  })
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      const seconds = (performance.now() - before) / 1000
      clearTimeout(limit)
      const end = () => resolve({ code, signal, stdout, stderr, seconds })
      child.once('close', end)
      // What has inherited the pipes may outlive it.
      setTimeout(end, PIPES_MILLISECONDS).unref()
    })
  })
  return { child, ended }
}

/** Ends a process that the bench has started, with all that it has started. */
export function killTree(root: number): void {
  if (root !== 0) killProcesses(tree(root))
}

/** Ends processes, and what they were just starting. */
export function killProcesses(pids: readonly number[]): void {
  const started = pids.flatMap(pid => {
    signal(pid, 'SIGSTOP') // starts nothing any more
    return tree(pid)
  })
  for (const pid of new Set([...pids, ...started])) signal(pid, 'SIGKILL')
}

/** A process and its descendants, itself first. */
export function tree(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(tree)]
}

function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
    return text === '' ? [] : text.split(' ').map(Number)
  } catch {
    return []
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It is gone.
  }
}
