import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import type { PolicyPlacement, PolicyQuestion } from '../core/policies/question.ts'
import { entryPoint } from '../entry-points.ts'
import { killLeftovers, killTree } from '../tasks/kill-tree.ts'
import { lastOf } from '../tasks/loader-process.ts'
import { type TimeLimit, timeLimit } from '../tasks/time-limit.ts'
import type { FromPolicy, ToPolicy } from './messages.ts'

/** A user's policy in a process of its own, which is kept. */
export interface PolicyProcess {
  /** Only once it is ready, and not before the last answer has come. */
  ask(question: PolicyQuestion): void
  /** Ends it with everything that it has started. */
  close(): void
}

export interface PolicyProcessOptions {
  /** Absolute path of the module. */
  readonly file: string
  readonly cwd: string
  readonly onStarted: (pid: number) => void
  readonly onReady: () => void
  readonly onAnswer: (placements: readonly PolicyPlacement[]) => void
  /** It can't be used, or not any more: the end of a sentence that begins with the policy. Called at most once; its process is ended then. */
  readonly onFailure: (text: string) => void
}

const LOAD_SECONDS = 10
/** For one answer: much more than any needs, so that a noisy machine fails nobody. */
const ANSWER_SECONDS = 2

/** Never throws. */
export function startPolicyProcess(options: PolicyProcessOptions): PolicyProcess {
  const mark = `ODOP_LOADER=${randomUUID()}`
  try {
    return keep(start(options, mark), mark, options)
  } catch (error) {
    queueMicrotask(() => options.onFailure(`has no process: ${String(error)}`))
    return { ask() {}, close() {} }
  }
}

function keep(child: ChildProcess, mark: string, options: PolicyProcessOptions): PolicyProcess {
  const errorOutput = lastOf(child.stderr)
  let isLoaded = false
  let isOver = false
  const { pid } = child
  if (pid !== undefined) options.onStarted(pid)

  const end = (): void => {
    isOver = true
    loading.stop()
    answering.stop()
    if (pid !== undefined) killTree(pid)
  }
  const fail = (text: string): void => {
    if (isOver) return
    end()
    options.onFailure(text)
  }
  const limit = (seconds: number, what: string): TimeLimit =>
    timeLimit({ pid, seconds, onOver: () => fail(`${what} within ${seconds} s`) })
  const loading = limit(LOAD_SECONDS, 'was not loaded')
  const answering = limit(ANSWER_SECONDS, 'did not answer')

  loading.restart()
  child.on('message', raw => {
    if (isOver) return
    const message = raw as FromPolicy
    if (message.type === 'failure') return fail(message.text)
    loading.stop()
    answering.stop()
    if (message.type === 'answer') return options.onAnswer(message.placements)
    isLoaded = true
    options.onReady()
  })
  child.on('error', error => fail(`has no process: ${error.message}`))
  child.once('exit', (code, signal) => {
    const how = signal === null ? `ended its process with exit code ${code}` : `was killed by ${signal}`
    if (pid !== undefined && !isOver) killLeftovers(pid, mark)
    fail(`${how}${isLoaded ? '' : ' while it was loaded'}${errorOutput()}`)
  })

  return {
    ask(question) {
      if (isOver) return
      answering.restart()
      const message: ToPolicy = { type: 'question', question }
      child.send(message, () => {})
    },
    close: end,
  }
}

function start({ file, cwd }: PolicyProcessOptions, mark: string): ChildProcess {
  const [name = '', value] = mark.split('=')
  return spawn(process.execPath, [entryPoint('policy'), file], {
    cwd,
    env: { ...process.env, [name]: value },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // On Linux it makes itself the leader of a process group in this session, see docs/architecture.md.
    detached: process.platform !== 'linux',
  })
}
