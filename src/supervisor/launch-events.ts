import { hostname, userInfo } from 'node:os'
import type { Application } from '../app/launch.ts'
import type { Configuration } from '../config.ts'
import type { LaunchStarted } from '../core/events.ts'
import type { NodeFacts, Settings } from '../core/model.ts'
import { version } from '../version.ts'
import type { Recorder } from './recorder.ts'
import type { SuperviseRequest } from './request.ts'
import type { RunStore } from './run-store.ts'

export interface LaunchFacts {
  readonly recorder: Recorder
  readonly request: SuperviseRequest
  readonly configuration: Configuration
  readonly settings: Settings
  readonly facts: NodeFacts
  readonly store: RunStore
  readonly application: Application | null
  /** When the application was launched, which was before anything could be recorded. */
  readonly launchedAt: number
}

/** The first events of a launch; from the first one on, what an earlier launch left running is pending again. */
export function recordLaunch(launch: LaunchFacts): void {
  const { recorder, request, configuration, settings, facts, store, application, launchedAt: at } = launch
  recorder.record({
    type: 'launch-started',
    at,
    run: store.name,
    command: request.command,
    cwd: request.cwd,
    host: hostname(),
    pid: process.pid,
    ...userAndJob(request.environment),
    version: version(),
    settings,
    mode: request.mode,
    taskFolders: configuration.tasks,
  })
  recorder.record({ type: 'node-joined', at, facts })
  if (application) recorder.record({ type: 'application-started', at, pid: application.pid })
}

/** A user without an entry in the password file has a number only. */
function userAndJob(environment: SuperviseRequest['environment']): Pick<LaunchStarted, 'user' | 'job'> {
  const job = environment['SLURM_JOB_ID'] ?? environment['SLURM_JOBID'] ?? ''
  return { user: userName(), ...(job === '' ? {} : { job }) }
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? '')
  }
}
