import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { workLeft } from '../core/dependencies.ts'
import { newState, type RunState, type TaskState } from '../core/run-state.ts'
import { apply } from '../core/state.ts'
import { readJournal } from '../journal/journal-reader.ts'
import { listRuns } from '../journal/list-runs.ts'
import { runPaths } from '../journal/run-paths.ts'
import { writeStderr } from '../os/stderr.ts'
import { askRun } from '../supervisor/control-client.ts'
import { shellWord } from '../views/printable.ts'
import { noSuchRunText } from '../views/runs-text.ts'
import { counted } from '../views/units.ts'
import { type NamedRun, type NamedRunRequest, namedRun } from './own-run.ts'

export interface WaitRunRequest extends NamedRunRequest {
  /** null: all tasks. */
  readonly task: string | null
  /** null: for as long as it takes. */
  readonly timeoutSeconds: number | null
}

/** As of `timeout(1)`. */
const TIMED_OUT = 124
const PAUSE_MILLISECONDS = 500

/** What waiting has come to; null: nothing yet. */
type Answer = { readonly code: number; readonly problem: string | null } | null

/**
 * Waits until a task, or all of them, have nothing left to do. Exit code 0: they have not; 1: there is no such run or task, or the run has ended with
 * work left; 124: it took too long.
 */
export async function waitRun({ task, timeoutSeconds, ...request }: WaitRunRequest): Promise<number> {
  const deadline = timeoutSeconds === null ? null : performance.now() + timeoutSeconds * 1000
  const run = await namedRun(request)
  const journal = new Journal(run)
  for (;;) {
    const left = deadline === null ? null : deadline - performance.now()
    const answer = left !== null && left <= 0 ? tooLong(run, task) : await ask({ run, task, journal, left })
    if (answer === null) {
      await pause(Math.min(PAUSE_MILLISECONDS, left ?? PAUSE_MILLISECONDS))
      continue
    }
    if (answer.problem !== null) writeStderr(`odop: ${answer.problem}\n`)
    return answer.code
  }
}

interface Question {
  readonly run: NamedRun
  readonly task: string | null
  readonly journal: Journal
  /** Milliseconds; null: no limit. */
  readonly left: number | null
}

/** The run itself knows best: also of files that are not complete yet. Where it can't be asked, its journal tells. */
async function ask({ run, task, journal, left }: Question): Promise<Answer> {
  const reply = await askRun(run.socket, { type: 'wait', task }, Math.ceil(left ?? 0))
  if (reply?.ok) return { code: 0, problem: null }
  if (reply !== null) return reply.again ? null : { code: 1, problem: reply.problem }
  if (left !== null && left < PAUSE_MILLISECONDS) return null
  const runs = await listRuns(run.odopPath, Date.now())
  const listed = runs.find(({ name }) => name === run.run)
  if (listed === undefined) return { code: 1, problem: noSuchRunText(run.run, runs, run.odopPath) }
  const state = await journal.read()
  const isLive = listed.state === 'live'
  // It does not listen yet, or not any more.
  if (isLive && state.launch?.host === hostname()) return null
  return judged(state, { run: run.run, task, isLive })
}

function judged(
  state: RunState,
  { run, task, isLive }: { readonly run: string; readonly task: string | null; readonly isLive: boolean },
): Answer {
  const tasks = [...state.tasks.values()].filter(each =>
    task === null ? hasAnEnd(each) : each.name === task,
  )
  if (tasks.length === 0 && task !== null && !isLive)
    return { code: 1, problem: `no task of this name: ${JSON.stringify(task)}` }
  const left = tasks.reduce((sum, each) => sum + workLeft(each), 0)
  if (left === 0 && (tasks.length > 0 || !isLive)) return { code: 0, problem: null }
  if (isLive) return null
  const items = `${counted(left, 'work item')} left; work ${left === 1 ? 'it' : 'them'} off with: odop drain ${shellWord(run)}`
  return { code: 1, problem: `${run} has ended with ${items}` }
}

function hasAnEnd({ definition }: TaskState): boolean {
  return definition?.trigger.kind !== 'background'
}

function tooLong({ run }: NamedRun, task: string | null): Answer {
  const of = task === null ? run : `${task} of ${run}`
  return { code: TIMED_OUT, problem: `${of} still has something to do` }
}

/** Follows a run by its journal: what was read is not read again. */
class Journal {
  readonly #file: string
  readonly #state = newState()
  #from = 0

  constructor({ odopPath, run }: NamedRun) {
    this.#file = runPaths(odopPath, run).journal
  }

  async read(): Promise<RunState> {
    const read = await readJournal(this.#file, event => apply(this.#state, event), { from: this.#from })
    if (read.kind === 'read') this.#from = read.end
    return this.#state
  }
}
