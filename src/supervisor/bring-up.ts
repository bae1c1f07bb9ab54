import os from 'node:os'
import type { ApplicationExit } from '../app/launch.ts'
import { type Drain, loadConfiguration, settingsOf } from '../config.ts'
import { itemsLeft, type RunState } from '../core/state.ts'
import { createLocalAgent } from '../node/local-agent.ts'
import { describeNode } from '../node/observe/allocation.ts'
import { writeStderr } from '../os/stderr.ts'
import { addDetails } from '../views/details.ts'
import { configurationProblemText } from '../views/problems-text.ts'
import { type Attempts, createAttempts } from './attempts.ts'
import { drain, type EndingParts, endAttempts } from './ending.ts'
import { recordLaunch } from './launch-events.ts'
import { type Loop, startLoop } from './loop.ts'
import { startMetrics } from './metrics.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import { report } from './report.ts'
import { openRunStore } from './run-store.ts'
import type { SuperviseOptions } from './supervise.ts'
import { openTasks } from './tasks.ts'
import { openTriggerDesk } from './trigger-desk.ts'

/** odop's part beside a running application. */
export interface Supervisor {
  /** The application has ended: drains if that was asked for, ends all attempts, reports. */
  end(exit: ApplicationExit | null): Promise<LaunchEnd>
  /** Ends everything that was started, at once and without a report: after an internal error. */
  abandon(): Promise<void>
  /** A signal after the application's end: what is left is for `odop drain`. */
  interrupt(): void
}

/** What became of the work of a launch. */
export interface LaunchEnd {
  /** Work items that are left, and those that failed or timed out in this run. */
  readonly unfinished: number
}

export interface BringUpOptions extends SuperviseOptions {
  /** A decision has failed: odop's part is over, the application's is not. */
  readonly onBug: (error: unknown) => void
}

/** Step by step, each needing the one before: configuration, run folder, agent, triggers, loop, tasks. */
export async function bringUpSupervisor(options: BringUpOptions): Promise<Supervisor> {
  const { request, application, launchedAt } = options
  const now = () => Date.now()
  const { configuration, problems } = await loadConfiguration({ ...request, file: request.configFile })
  const facts = describeNode({
    name: os.hostname(),
    env: request.environment,
    excludeCores: configuration.excludeCpus,
    reserveCores: configuration.reserveCores,
  })
  const settings = settingsOf(configuration, facts.memoryLimitBytes)
  const say = configuration.quiet ? () => {} : writeStderr
  const store = await openRunStore({
    request,
    configuration,
    now,
    warn: text => recorder.note('warning', text),
  })
  const recorder: Recorder = createRecorder({ journal: store.journal, state: store.state, now, say })
  recorder.listen(event => addDetails(store.details, event))
  recordLaunch({ recorder, request, configuration, settings, facts, store, application, launchedAt })
  for (const text of [...store.warnings, ...problems.map(configurationProblemText)])
    recorder.note('warning', text)

  // Without a valid configuration it is not known what the user wants: then odop only measures.
  const executes = request.mode !== 'monitor' && !configuration.noTasks && problems.length === 0
  const agent = createLocalAgent({
    facts,
    settings,
    executes,
    environment: request.environment,
    helpers: () => helperPids(options),
    applicationRuns: () => application?.isRunning() ?? false,
    isOwnChild: pid => pid === application?.pid || helperPids(options).includes(pid),
    now,
    onReport: attemptReport => attempts.reported(attemptReport),
    onFailure: text => recorder.note('warning', text),
  })
  const attempts: Attempts = createAttempts({
    recorder,
    agent,
    settings,
    cwd: request.cwd,
    store,
    now,
  })
  const desk = openTriggerDesk({ recorder, cwd: request.cwd, now, onQueued: () => loop.wake() })
  const metrics = startMetrics({ agent, recorder, store, now })
  const loop: Loop = startLoop({
    state: recorder.state,
    agent,
    attempts,
    now,
    remainingSeconds: () => null,
    onLook: () => metrics.looked(),
    onBug: options.onBug,
  })
  recorder.listen(event => {
    if (event.type === 'attempt-ended') loop.wake()
  })
  if (executes) await openTasks({ recorder, desk, configuration, store, cwd: request.cwd, now })

  const parts: EndingParts = { recorder, loop, attempts, desk, graceSeconds: settings.graceSeconds }
  const interrupted = new AbortController()
  const stopEverything = async () => {
    loop.stop()
    await Promise.all([desk.close(), agent.close()])
  }

  return {
    async end(exit) {
      if (exit !== null) {
        recorder.record({ type: 'application-ended', at: now(), code: exit.code, signal: exit.signal })
      }
      desk.applicationEnded()
      if (configuration.drain !== null)
        await drain(parts, drainLimit(configuration.drain, interrupted.signal))
      await endAttempts(
        parts,
        interrupted.signal.aborted ? 'odop was interrupted' : 'the application has ended',
      )
      await metrics.finish()
      recorder.record({ type: 'launch-ended', at: now() })
      await stopEverything()
      await report({ recorder, store, configuration, environment: request.environment, now })
      await store.close()
      return { unfinished: unfinishedItems(recorder.state) }
    },
    async abandon() {
      await stopEverything()
      await store.close()
    },
    interrupt: () => interrupted.abort(),
  }
}

/** A drain ends when the user interrupts it, or after the time that was given for it. */
function drainLimit({ limitSeconds }: NonNullable<Drain>, interrupted: AbortSignal): AbortSignal {
  if (limitSeconds === null) return interrupted
  return AbortSignal.any([interrupted, AbortSignal.timeout(limitSeconds * 1000)])
}

/** odop's other processes on this node, apart from the agent's own. */
function helperPids({ witnessPid }: BringUpOptions): number[] {
  return [witnessPid()].filter(pid => pid !== null)
}

function unfinishedItems(state: RunState): number {
  const tasks = [...state.tasks.values()]
  return tasks.reduce((sum, task) => sum + itemsLeft(task) + task.ended.failed + task.ended.timeout, 0)
}
