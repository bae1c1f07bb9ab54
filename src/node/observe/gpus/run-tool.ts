import { type ChildProcess, spawn } from 'node:child_process'
import { systemCalls } from '../../../os/system-calls.ts'

export interface ToolRun {
  readonly file: string
  readonly words: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly deadlineMs: number
  /** It runs from now until it is called with null. */
  readonly onChild: (child: ChildProcess | null) => void
}

/** More is not what was asked for. */
const MOST_CHARACTERS = 2 ** 20

/** It did not answer in time: a driver may be stuck, and asking again would only add to that. */
export class ToolHangs extends Error {}

/**
 * Resolves with what the tool prints; rejects when it fails. One that does not end is killed and not waited for: in a driver that
 * hangs not even SIGKILL ends it.
 */
export function runTool({ file, words, environment, deadlineMs, onChild }: ToolRun): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, words, { env: environment, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
    const output = { stdout: '', stderr: '' }
    const deadline = setTimeout(() => {
      letGo()
      reject(new ToolHangs(`no answer within ${deadlineMs / 1000} s`))
    }, deadlineMs).unref()
    const letGo = () => {
      clearTimeout(deadline)
      child.kill('SIGKILL')
      child.stdout.destroy()
      child.stderr.destroy()
      child.unref()
      onChild(null)
    }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8')
      child[name].on('data', (text: string) => {
        if (output[name].length < MOST_CHARACTERS) output[name] += text
      })
    }
    child.once('error', error => {
      letGo()
      reject(error)
    })
    child.once('close', (code, signal) => {
      clearTimeout(deadline)
      onChild(null)
      if (code === 0) resolve(output.stdout)
      else reject(new Error(failureText({ ...output, code, signal })))
    })
    // Its work is not worth a core that the application wants.
    if (child.pid !== undefined) systemCalls()?.runWhenIdle(child.pid)
    onChild(child)
    // Nothing waits for it, not even the end of odop.
    child.unref()
  })
}

interface Failure {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

function failureText({ code, signal, stdout, stderr }: Failure): string {
  const said = [stderr, stdout].map(text => text.trim().split('\n')[0]?.slice(0, 120)).find(Boolean)
  const how = signal === null ? `exit code ${code}` : `killed by ${signal}`
  return said === undefined ? how : `${how}: ${said}`
}
