import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { nodeWork, type Workloads } from './workloads.ts'

/**
 * What a task does.
 *
 * - `compute`: a program that computes
 * - `stream`: a program that streams over memory
 * - `function`: the same as `compute` in JavaScript, in the process that odop keeps for tasks
 */
export interface Work {
  readonly kind: 'compute' | 'stream' | 'function'
  /** CPU seconds of one task. */
  readonly seconds: number
}

export interface Tasks {
  readonly work: Work
  readonly workloads: Workloads
  /** The folder in which each attempt keeps a file of its own. */
  readonly counters: string
}

/** `queued`: parameters of the task that say what queues it. */
export function taskModule(tasks: Tasks, queued: string): string {
  const { work, workloads, counters } = tasks
  if (work.kind !== 'function') {
    return `import { fileIn, task } from 'odop'
export default task({ name: 'burn', ${queued}, command: () => ${JSON.stringify(burnWords(tasks))} })
`
  }
  return `import { fileIn, task } from 'odop'
import { burn } from ${JSON.stringify(nodeWork)}
export default task({ name: 'burn', ${queued} }, () => burn(${unitsInNode(work, workloads)}, ${JSON.stringify(counters)}))
`
}

/** A program; where there is no compiler, Node with the same work. Further words are ignored. */
export function burnWords({ work, workloads, counters }: Tasks): string[] {
  const { burn } = workloads
  if (burn !== null) return [burn, ...amountOf(work, workloads), counters]
  const script = `import(process.argv[1]).then(({ burn }) => burn(${unitsInNode(work, workloads)}, process.argv[2]))`
  return [process.execPath, '-e', script, nodeWork, counters]
}

function amountOf({ kind, seconds }: Work, { rates }: Workloads): string[] {
  return kind === 'stream'
    ? ['stream', String(Math.round(seconds * 1000))]
    : ['compute', String(Math.round(seconds * rates.c))]
}

function unitsInNode({ seconds }: Work, { rates }: Workloads): number {
  return Math.round(seconds * rates.node)
}

/** What a task has left: how much CPU time it has used, and when it began (monotonic clock). */
export interface Counter {
  readonly usedSeconds: number
  readonly beganSeconds: number
}

export function countersIn(counters: string): Counter[] {
  return readdirSync(counters).map(name => {
    const bytes = readFileSync(path.join(counters, name))
    return {
      usedSeconds: bytes.length < 8 ? 0 : bytes.readDoubleLE(),
      beganSeconds: Number(name.split('-')[1]) / 1e9,
    }
  })
}
