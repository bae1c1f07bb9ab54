import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Configuration } from '../config.ts'
import type { AttemptId, TaskName } from '../core/model.ts'
import { apply, newState, type RunState } from '../core/state.ts'
import { type JournalRead, readJournal } from '../journal/journal-reader.ts'
import { type JournalWriter, openJournal } from '../journal/journal-writer.ts'
import { openRun, type RunFolder } from '../journal/run-folder.ts'
import { defaultRunName } from '../journal/run-name.ts'
import { type RunPaths, runPaths } from '../journal/run-paths.ts'
import { addDetails, type Details, newDetails } from '../views/details.ts'
import type { SuperviseRequest } from './request.ts'

/** What stays of a run: its folder, its journal, and what earlier launches have left in them. */
export interface RunStore {
  readonly name: string
  readonly paths: RunPaths
  /** False: there is no run folder; logs and scratch are in a temporary one that goes with the launch. */
  readonly kept: boolean
  readonly journal: JournalWriter | null
  readonly state: RunState
  readonly details: Details
  /** What a user should know about all this, once. */
  readonly warnings: readonly string[]
  /** The user was told that the run's folder can't be written any more. */
  hasFailed(): boolean
  makeLogFolder(task: TaskName): Promise<void>
  /** See `RunFolder.ends`. */
  ends(): Promise<void>
  close(): Promise<void>
}

export interface OpenStoreOptions {
  readonly request: SuperviseRequest
  readonly configuration: Configuration
  readonly launchedAt: number
  readonly now: () => number
  readonly warn: (text: string) => void
}

/** Never rejects: without a run folder odop works all the same, and only remembers less. */
export async function openRunStore(options: OpenStoreOptions): Promise<RunStore> {
  const { request, configuration, launchedAt } = options
  const name =
    configuration.name === null
      ? defaultRunName({ command: request.command, environment: request.environment, now: launchedAt })
      : { name: configuration.name, resume: 'always' as const }
  const opened = await openRun({ odopPath: configuration.odopPath, name })
  if (opened.kind === 'unavailable') return withoutFolder(name.name, opened.reason)
  return inFolder(opened.run, opened.warnings, options)
}

async function inFolder(
  run: RunFolder,
  warnings: readonly string[],
  options: OpenStoreOptions,
): Promise<RunStore> {
  const { paths, name } = run
  const state = newState()
  const details = newDetails()
  const read = await readJournal(paths.journal, event => {
    apply(state, event)
    addDetails(details, event)
  })
  const problem = journalProblem(read, paths.journal)
  if (problem?.fatal) {
    await run.close()
    return withoutFolder(name, problem.text)
  }
  await mkdir(path.dirname(paths.metrics(name)), { recursive: true }).catch(() => {})
  let failed = false
  const warn = (text: string) => {
    failed = true
    options.warn(text)
  }
  const journal = openJournal({ file: paths.journal, run: name, warn, now: options.now })
  return {
    name,
    paths,
    kept: true,
    journal,
    state,
    details,
    warnings: problem ? [...warnings, problem.text] : warnings,
    hasFailed: () => failed,
    makeLogFolder: makeLogFolderIn(paths),
    ends: run.ends,
    async close() {
      await journal.close()
      await rm(path.dirname(paths.scratch('x')), { recursive: true, force: true }).catch(() => {})
      await run.close()
    },
  }
}

async function withoutFolder(name: string, reason: string): Promise<RunStore> {
  const temporary = await mkdtemp(path.join(tmpdir(), 'odop-')).catch(() =>
    path.join(tmpdir(), `odop-${process.pid}`),
  )
  const paths = runPaths(temporary, name)
  return {
    name,
    paths,
    kept: false,
    journal: null,
    state: newState(),
    details: newDetails(),
    warnings: [`the run's folder can't be used, so nothing of this run is kept: ${reason}`],
    hasFailed: () => false,
    makeLogFolder: makeLogFolderIn(paths),
    ends: async () => {},
    close: () => rm(temporary, { recursive: true, force: true }).catch(() => {}),
  }
}

/** Where the folder can't be made, attempts run all the same, without logs. */
function makeLogFolderIn(paths: RunPaths): (task: TaskName) => Promise<void> {
  return async task => {
    const log = paths.attemptLog(task, `${task}#1.1` satisfies AttemptId)
    await mkdir(path.dirname(log), { recursive: true }).catch(() => {})
  }
}

/** An unreadable journal must not be continued: what was completed would be done again, and its order be lost. */
function journalProblem(read: JournalRead, file: string): { text: string; fatal: boolean } | null {
  switch (read.kind) {
    case 'missing':
      return null
    case 'newer':
      return { text: `written by a newer odop (journal schema ${read.schema}): ${file}`, fatal: true }
    case 'unreadable':
      return { text: `its journal can't be read (${read.reason}): ${file}`, fatal: true }
    case 'read':
      if (read.skipped === 0) return null
      return { text: `${read.skipped} damaged lines of the journal were skipped: ${file}`, fatal: false }
  }
}
