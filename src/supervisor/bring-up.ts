import path from 'node:path'
import { announced } from '../app/announcement.ts'
import type { ApplicationExit } from '../app/launch.ts'
import type { JoinCause } from '../cluster/messages.ts'
import { stepPids } from '../cluster/step-pids.ts'
import { JobTime } from '../cluster/time-left.ts'
import { isPolicyModule } from '../config/values.ts'
import type { NodeFacts, Snapshot } from '../core/model.ts'
import { createLocalAgent } from '../node/local-agent.ts'
import { ADDED_TASKS } from '../tasks/added-module.ts'
import type { LoadedTasks } from '../tasks/loaded.ts'
import { yieldNote } from '../views/yield-text.ts'
import { allAgents } from './agents.ts'
import { openApi } from './api.ts'
import { type Attempts, createAttempts } from './attempts.ts'
import { backOffNotes } from './back-off-notes.ts'
import { openControl } from './control.ts'
import { answerRequest } from './control-requests.ts'
import { type EndingHow, endLaunch, type LaunchEnd } from './end-launch.ts'
import { waitingTasks } from './explained.ts'
import { FirstIdle } from './first-idle.ts'
import { JobEnd } from './job-end.ts'
import { type Loop, startLoop } from './loop.ts'
import { startMetrics } from './metrics.ts'
import { MostIdle } from './most-idle.ts'
import { openOtherNodes } from './other-nodes.ts'
import { type Prepared, prepare } from './prepare.ts'
import { openProgress } from './progress.ts'
import type { SuperviseOptions } from './request.ts'
import { noteNeverFitting, openTasks, type TaskPlaces } from './tasks.ts'
import { openTriggerDesk } from './trigger-desk.ts'

/** odop's part beside a running application. */
export interface Supervisor {
  /** The run's name, and its folder; null: it could not be made. */
  readonly run: { readonly name: string; readonly folder: string | null }
  /** What is wrong with the configuration, so that odop only measures; null: nothing. */
  readonly problem: string | null
  /** Where modules are kept that were made for this launch. */
  readonly addedTasksFolder: string
  /** Further task folders or modules for this launch; null: it only measures. Never rejects. */
  addTasks(places: readonly string[]): Promise<LoadedTasks | null>
  /** The application has ended (null: there was none): drains if that was asked for, ends all attempts, reports. */
  end(exit: ApplicationExit | null, how?: EndingHow): Promise<LaunchEnd>
  /** Ends everything that was started, at once and without a report: after an internal error. */
  abandon(): Promise<void>
  /** A signal that the application gets too. */
  signalled(signal: string): void
  /** A signal after the application's end: what is left is for `odop drain`. */
  interrupt(): void
}

export interface BringUpOptions extends SuperviseOptions {
  /** A decision has failed: odop's part is over, the application's is not. */
  readonly onBug: (error: unknown) => void
}

/** Step by step, each needing the one before: configuration and folder, agent, triggers, loop, tasks. */
export async function bringUpSupervisor(options: BringUpOptions): Promise<Supervisor> {
  const { request, application, announcement, witnessPid, onBug } = options
  const prepared = await prepare(options)
  const { recorder, store, settings, now } = prepared
  const { cwd } = request
  const elsewhere = { ...request.environment, ODOP_RUN: store.name, ODOP_SOCKET: undefined }
  const here = announced(request.environment, { ...announcement, run: store.name })
  const launchers: number[] = []
  const dashboardModule = prepared.configuration.dashboard ? await import('./open-dashboard.ts') : null
  const ownPolicyModule = hasOwnPolicy(prepared) ? await import('./own-policy.ts') : null

  const helpers = () =>
    [witnessPid(), ...(options.early?.pids ?? []), ...launchers].filter(pid => pid !== null)
  const jobs = prepared.cluster?.jobs ?? []
  const steps = stepPids({ jobs, node: prepared.facts.name })
  const joined = (facts: NodeFacts, cause: JoinCause) => {
    recorder.record({ type: 'node-joined', at: now(), facts })
    if (cause === 'begun' || cause === 'gpus') loop.lookAgain()
    if (cause === 'gpus') noteNeverFitting(recorder, task => task.gpus !== undefined)
    else if (cause !== 'begun') recorder.note('info', yieldNote(facts))
    if (cause === 'session') attempts.requeueAll('the application runs in a session of its own')
  }
  const local = createLocalAgent({
    facts: prepared.facts,
    settings,
    environment: here,
    helpers,
    applicationRuns: () => application?.isRunning() ?? false,
    isOwnChild: pid => pid === application?.pid || helpers().includes(pid),
    now,
    onReport: report => attempts.reported(report),
    onFailure: text => recorder.note('warning', text),
    onMemoryShort: () => loop.lookAgain(),
    onContended: () => loop.lookAgain(),
    gpuPrograms: prepared.gpuPrograms,
    onGpusKnown: facts => joined(facts, 'gpus'),
    onYieldChanged: ({ facts, leaveSession }) => joined(facts, leaveSession ? 'session' : 'yield'),
    ...steps,
    ...(options.isCalled && application?.pid ? { caller: application.pid } : {}),
    sessionLeft: prepared.sessionLeft,
    launchedSecondsAgo: options.isCalled ? 0 : Math.max(0, now() - options.launchedAt) / 1000,
  })
  const cluster = openOtherNodes(prepared, {
    // The socket is on this node.
    environment: elsewhere,
    early: options.early,
    onLauncher: pid => launchers.push(pid),
    onJoined: joined,
    onReport: report => {
      attempts.reported(report)
      // The last look of a lost agent must not be decided on: what is bound to its node would start there again.
      if (report.type === 'ended' && report.fault === 'agent') loop.lookAgain()
    },
    onFound: (node, found) => desk.found(node, found),
    onSignal: signal => jobEnd.signalled(signal),
  })
  const agents = allAgents(local, cluster)
  const moreNodes = cluster !== null
  const job = prepared.cluster?.job ?? null
  const jobTime = job === null ? null : new JobTime({ ...job, env: request.environment }, now())
  const attempts: Attempts = createAttempts({ recorder, agents, settings, cwd, store, now })
  const node = prepared.facts.cores.length > 0 ? prepared.facts.name : null
  const desk = openTriggerDesk({ recorder, cwd, node, agents, now, onQueued: () => loop.wake() })
  const progress = openProgress({ recorder, glob: prepared.configuration.progress, now })
  const notes = backOffNotes(recorder, now)
  const metrics = startMetrics({ agents, recorder, store, progress, backOffNotes: notes, now })
  const ownPolicy =
    ownPolicyModule?.openOwnPolicy({
      file: settings.policy,
      cwd,
      recorder,
      now,
      onStarted: pid => launchers.push(pid),
      wake: () => loop.wake(),
    }) ?? null
  let lastLook: Snapshot | null = null
  const mostIdle = new MostIdle()
  const mustWait = moreNodes && prepared.executes && application !== null
  const firstIdle = mustWait ? new FirstIdle(settings.idleThreshold) : null
  const loop: Loop = startLoop({
    state: recorder.state,
    agents,
    ownPolicy,
    attempts,
    now,
    remainingSeconds: () => jobTime?.secondsLeft(now()) ?? null,
    incoming: desk.incoming,
    progress: progress.recent,
    onBackOff: notes.seen,
    isAwaited: () => firstIdle?.isAwaited ?? false,
    onLook: snapshot => {
      lastLook = snapshot
      mostIdle.looked(recorder.state, snapshot, now())
      firstIdle?.looked(snapshot)
      metrics.looked()
      dashboard?.looked()
      void jobTime?.refresh(now)
    },
    onBug,
  })
  const dashboard = dashboardModule?.openDashboard({
    ...prepared,
    environment: request.environment,
    onHelper: pid => launchers.push(pid),
  })
  recorder.listen(event => {
    if (event.type === 'attempt-ended') loop.wake()
  })

  const onLoader = (pid: number) => launchers.push(pid)
  const taskOptions = { ...prepared, agents, desk, cwd, onLoader, moreNodes }
  const mayLoad = firstIdle?.seen ?? Promise.resolve()
  const open = (places: TaskPlaces) => openTasks({ ...taskOptions, ...places })
  const { tasks: folders, tasksAreNamed } = prepared.configuration
  const files = [...recorder.state.addedFiles]
  const foldersAreOpen = prepared.executes
    ? mayLoad.then(() => open({ folders, files, mayBeMissing: !tasksAreNamed })).then(() => {}, onBug)
    : Promise.resolve()
  let tasksAreOpen = prepared.executes
    ? Promise.all([foldersAreOpen, cluster?.ready]).then(() => {})
    : foldersAreOpen
  const addTasks = async (places: readonly string[]) => {
    if (!prepared.executes) return null
    // One after the other: of two tasks with the same name the first stays.
    const added = tasksAreOpen.then(() => open({ folders: places, mayBeMissing: false }))
    tasksAreOpen = added.then(() => {}, onBug)
    return await added.catch(() => null)
  }
  const changeOptions = { ...taskOptions, attempts, tasksAreOpen: foldersAreOpen }
  const interruption = new AbortController()
  const present = () => ({ state: recorder.state, snapshot: lastLook, now: now() })
  const api = openApi({ ...prepared, onStarted: pid => launchers.push(pid) })
  const control = openControl({
    socket: announcement.socket,
    link: store.kept ? store.paths.controlSocket : null,
    handle: (request, gone) =>
      answerRequest(request, gone, {
        recorder,
        attempts,
        loop,
        desk,
        progress,
        tasksAreOpen: () => tasksAreOpen,
        snapshot: () => lastLook,
        waitsFor: desk.waitsFor,
        changeTasks: change =>
          import('./live-tasks.ts').then(({ changeTasks }) => changeTasks(change, changeOptions)),
        now,
        run: store.name,
        folder: store.kept ? store.paths.folder : null,
      }),
    takeHttp: api.take,
    unavailable: reason => recorder.note('info', `this run can't be told anything: ${reason}`),
  })
  const stop = async () => {
    loop.stop()
    ownPolicy?.close()
    const closeControl = control.then(opened => opened.close())
    const closing = [
      desk.close(),
      progress.close(),
      closeControl,
      api.close(),
      dashboard?.close(),
      agents.close(),
    ]
    await Promise.all(closing)
  }

  const { mayRunOn } = agents
  const parts = { recorder, loop, attempts, desk, mayRunOn, graceSeconds: settings.graceSeconds, now }
  const jobEnd = new JobEnd({ ...prepared, parts, metrics, jobTime, interrupt: () => interruption.abort() })

  return {
    run: { name: store.name, folder: store.kept ? store.paths.folder : null },
    problem: prepared.problem,
    addedTasksFolder: path.join(store.paths.folder, ADDED_TASKS),
    addTasks,
    end(exit, how = {}) {
      firstIdle?.waitNoLonger()
      return endLaunch({
        ...prepared,
        ...how,
        exit,
        parts,
        agents,
        environment: request.environment,
        metrics,
        waiting: () => waitingTasks({ ...present(), starts: false }),
        mostIdleCores: () => mostIdle.cores,
        tasksAreOpen,
        interrupted: interruption.signal,
        stop,
      })
    },
    async abandon() {
      await stop()
      await store.close()
    },
    signalled: signal => jobEnd.signalled(signal),
    interrupt: () => interruption.abort(),
  }
}

function hasOwnPolicy({ executes, settings }: Prepared): boolean {
  return executes && isPolicyModule(settings.policy)
}
