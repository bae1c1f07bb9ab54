import { existsSync } from 'node:fs'
import path from 'node:path'
import { announce } from './app/announcement.ts'
import { catchSignals } from './app/caught-signals.ts'
import { forwardSignals } from './app/signals.ts'
import { type Flags, loadConfiguration } from './config.ts'
import type { LaunchStarted } from './core/events.ts'
import { readJournal } from './journal/journal-reader.ts'
import { listRuns } from './journal/list-runs.ts'
import { runPaths } from './journal/run-paths.ts'
import { writeStderr } from './os/stderr.ts'
import { systemCalls } from './os/system-calls.ts'
import { supervise } from './supervisor/supervise.ts'
import { noSuchRunText } from './views/runs-text.ts'

export interface DrainRequest {
  readonly run: string
  readonly flags: Flags
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * `odop drain RUN`: a launch without an application, in the folder and with the tasks and the policy of the run's last launch.
 * Exit code 0: everything was worked off; 1: something is left or has failed, or there is no such run.
 */
export async function drainRun({ run, flags, cwd, environment }: DrainRequest): Promise<number> {
  const { configuration } = await loadConfiguration({ cwd, environment, flags, file: null })
  const runs = await listRuns(configuration.odopPath, Date.now())
  const listed = runs.find(({ name }) => name === run)
  const problem = !listed
    ? noSuchRunText(run, runs, configuration.odopPath)
    : listed.state === 'live'
      ? `${run} is still running: it works off its queue itself (odop status ${run})`
      : null
  const launch = problem === null ? await lastLaunch(runPaths(configuration.odopPath, run).journal) : null
  if (problem !== null || launch === null) {
    writeStderr(`odop: ${problem ?? `the journal of ${run} holds no launch`}\n`)
    return 1
  }
  return drainLaunch({ run, flags: { ...flags, odopPath: configuration.odopPath }, cwd, environment }, launch)
}

async function drainLaunch(
  { run, flags, environment }: DrainRequest,
  { launch, added }: LastLaunch,
): Promise<number> {
  const launchedAt = Date.now()
  const caught = catchSignals()
  systemCalls()?.becomeSubreaper()
  const signals = forwardSignals({
    caught,
    application: null,
    ignoredSignals: [],
    hooks: { onStop() {}, onContinue() {}, onSignal() {}, onSignalAfterEnd: () => supervision.interrupt() },
  })
  const request = {
    mode: 'drain',
    command: launch.command,
    flags: {
      policy: launch.settings.policy,
      ...flags,
      name: run,
      tasks: [...foldersOf(launch), ...added],
    },
    configFile: null,
    cwd: launch.cwd,
    environment,
  } as const
  const announcement = announce({ command: launch.command, environment, name: run, launchedAt })
  const supervision = supervise({
    request,
    application: null,
    announcement,
    launchedAt,
    witnessPid: () => null,
  })
  const end = await supervision.end(null)
  signals.close()
  return end !== null && end.unfinished === 0 ? 0 : 1
}

/** The default folder may be missing, as it may have been then. */
function foldersOf({ taskFolders, cwd }: LaunchStarted): readonly string[] {
  return taskFolders.filter(folder => folder !== path.join(cwd, 'tasks') || existsSync(folder))
}

interface LastLaunch {
  readonly launch: LaunchStarted
  /** Modules of tasks that were added while it ran. */
  readonly added: readonly string[]
}

async function lastLaunch(journal: string): Promise<LastLaunch | null> {
  let launch: LaunchStarted | null = null
  let modules = new Set<string>()
  await readJournal(journal, event => {
    if (event.type === 'launch-started') {
      launch = event
      modules = new Set()
    } else if (event.type === 'task-defined') modules.add(event.task.module)
  })
  return launch === null ? null : { launch, added: addedTo(launch, [...modules]) }
}

function addedTo({ taskFolders }: LaunchStarted, modules: readonly string[]): readonly string[] {
  return modules.filter(file => !taskFolders.includes(file) && !taskFolders.includes(path.dirname(file)))
}
