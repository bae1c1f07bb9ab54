import path from 'node:path'
import { loadConfiguration } from '../config.ts'
import type { OdopEvent } from '../core/events.ts'
import type { RunState } from '../core/state.ts'
import { definedNames, removalProblem, takenNames } from '../core/task-names.ts'
import { openJournal } from '../journal/journal-writer.ts'
import { lockRun } from '../journal/run-lock.ts'
import { runPaths } from '../journal/run-paths.ts'
import { writeStderr } from '../os/stderr.ts'
import { askRun } from '../supervisor/control-client.ts'
import type { ControlReply, ControlRequest } from '../supervisor/control-protocol.ts'
import { loadTasks } from '../tasks/load.ts'
import { addedText, refusedText, removedText } from '../views/changed-tasks-text.ts'
import { print } from './print.ts'
import { readRun } from './read-run.ts'
import { silentText, unreachable } from './unreachable-run.ts'

export interface ChangeTasksRequest {
  readonly action: 'add' | 'remove'
  readonly run: string
  /** Files, relative to `cwd`, or tasks. */
  readonly names: readonly string[]
  /** What of a removed task runs is ended. */
  readonly now: boolean
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Modules are loaded by the run itself, on the cores that its application leaves. */
const LONGEST_WAIT_MILLISECONDS = 600_000

/** In a live run, or in the journal of one that is not live, for its next launch. Exit code 1: not all of it was done. */
export async function changeTasks(request: ChangeTasksRequest): Promise<number> {
  const { action, run, names, cwd, environment } = request
  if (run === '' || names.length === 0) {
    writeStderr(`odop: expected odop tasks ${action} RUN ${action === 'add' ? 'FILE' : 'TASK'}…\n`)
    return 2
  }
  const { configuration } = await loadConfiguration({ cwd, environment, flags: {}, file: null })
  let code = 0
  for (const asked of requestsOf(request)) {
    const reply = await change(asked, { run, odopPath: configuration.odopPath })
    if (reply.ok) print(reply.text ?? '')
    else writeStderr(`odop: ${reply.problem.trimEnd()}\n`)
    if (!reply.ok) code = 1
  }
  return code
}

function requestsOf({ action, names, now, cwd }: ChangeTasksRequest): Change[] {
  if (action === 'add') return [{ type: 'tasks-add', files: names.map(name => path.resolve(cwd, name)) }]
  return names.map(task => ({ type: 'tasks-remove', task, now }))
}

type Change = Extract<ControlRequest, { readonly type: 'tasks-add' | 'tasks-remove' }>

interface Place {
  readonly run: string
  readonly odopPath: string
}

async function change(asked: Change, { run, odopPath }: Place): Promise<ControlReply> {
  const paths = runPaths(odopPath, run)
  const reply = await askRun(paths.controlSocket, asked, LONGEST_WAIT_MILLISECONDS)
  if (reply !== null) return reply
  const { read, state } = await readRun(paths)
  if (read.kind !== 'read' || state.launch === null)
    return { ok: false, problem: await unreachable(run, odopPath) }
  const lock = await lockRun(paths.lock)
  if (lock.kind === 'held') return { ok: false, problem: silentText(run) }
  try {
    const { events, reply: done } = await (asked.type === 'tasks-add'
      ? added(asked.files, state)
      : removed(asked.task, state))
    return (await recorded(events, { file: paths.journal, run })) ?? done
  } finally {
    await lock.handle.close().catch(() => {})
  }
}

interface Outcome {
  readonly events: readonly OdopEvent[]
  readonly reply: ControlReply
}

async function added(files: readonly string[], state: RunState): Promise<Outcome> {
  const cwd = state.launch?.cwd ?? '/'
  const loaded = await loadTasks({ folders: [], files, cwd, known: definedNames(state) })
  const { free, taken } = takenNames(loaded.tasks, state)
  const modules = [...new Set(free.map(({ module }) => module))]
  const tasks = free.map(({ name }) => name)
  const events =
    free.length === 0 ? [] : [{ type: 'tasks-added', at: Date.now(), files: modules, tasks } as const]
  const text = addedText(free)
  const refused = refusedText(loaded.problems, taken, cwd)
  const reply =
    refused === null ? ({ ok: true, text } as const) : ({ ok: false, problem: `${refused}${text}` } as const)
  return { events, reply }
}

async function removed(name: string, state: RunState): Promise<Outcome> {
  const problem = removalProblem(name, state)
  if (problem !== null) return { events: [], reply: { ok: false, problem } }
  // What a launch that was killed has left running will be pending, and so cancelled.
  const { pendingCount = 0, running } = state.tasks.get(name) ?? {}
  const pending = pendingCount + (running?.size ?? 0)
  return {
    events: [{ type: 'task-removed', at: Date.now(), task: name }],
    reply: { ok: true, text: removedText({ name, pending, running: 0, atOnce: false }) },
  }
}

/** null: all of it is in the journal. */
async function recorded(
  events: readonly OdopEvent[],
  { file, run }: { readonly file: string; readonly run: string },
): Promise<ControlReply | null> {
  if (events.length === 0) return null
  let reason = 'it could not be written in time'
  const warn = (text: string) => {
    reason = text
  }
  const journal = openJournal({ file, run, warn, now: Date.now })
  for (const event of events) journal.append(event)
  return (await journal.close()) ? null : { ok: false, problem: reason }
}
