import { access, rm } from 'node:fs/promises'
import path from 'node:path'
import type { Action } from '../core/actions.ts'
import type { AttemptEnded, AttemptStarted } from '../core/events.ts'
import { markAlone, markFollowing, returnFollowers } from '../core/followers.ts'
import type {
  AttemptId,
  AttemptOutcome,
  FilePath,
  ItemId,
  Placement,
  Settings,
  TaskDefinition,
  WorkItem,
} from '../core/model.ts'
import { ranksIn } from '../core/placement.ts'
import { retryAt } from '../core/retry.ts'
import { markTerminating, type RunView } from '../core/state.ts'
import type { Agent, AttemptReport, AttemptSpec } from '../node/agent.ts'
import { pathToBytes } from '../os/path-bytes.ts'
import { expanded } from '../tasks/outputs.ts'
import type { Agents } from './agents.ts'
import type { Recorder } from './recorder.ts'
import type { RunStore } from './run-store.ts'
import { within } from './within.ts'

/** Carries out decisions about attempts, and turns what agents report of them into events. */
export interface Attempts {
  start(item: ItemId, attempt: AttemptId, placement: Placement): void
  /** Hands items to the runner of a running attempt, to start there when that has ended. */
  follow(lead: AttemptId, items: readonly FollowingItem[]): void
  suspend(attempt: AttemptId, reason: string): void
  resume(attempt: AttemptId): void
  /** To other cores of its node. */
  move(attempt: AttemptId, placement: Placement): void
  terminate(attempt: AttemptId, ending: Ending): void
  /** Ends everything that runs; it is pending again. */
  requeueAll(reason: string, atOnce?: boolean): void
  /** The same, and what begins from now on ends at once, too: nothing starts any more in this launch. */
  endAll(reason: string, atOnce?: boolean): void
  /** What an agent reports comes in here. */
  reported(report: AttemptReport): void
}

/** How and why an attempt is to end. */
export type Ending = Pick<Extract<Action, { type: 'terminate' }>, 'outcome' | 'reason' | 'forMemory'> & {
  /** Without a grace. */
  readonly atOnce?: true
}

export interface FollowingItem {
  readonly item: ItemId
  readonly attempt: AttemptId
}

export interface AttemptsOptions {
  readonly recorder: Recorder
  readonly agents: Pick<Agents, 'of'>
  readonly settings: Settings
  readonly cwd: string
  readonly store: Pick<RunStore, 'name' | 'paths'>
  readonly now: () => number
}

export function createAttempts(options: AttemptsOptions): Attempts {
  const { recorder, agents, settings, store, now } = options
  /** Attempts that wait in a runner, by their names; and where those run that have just begun there. */
  const followers = new Map<AttemptId, ItemId>()
  const placements = new Map<AttemptId, Placement>()
  let endingAll: string | null = null
  const ending = new Map<AttemptId, Ending>()

  const attempts: Attempts = {
    start(item, attempt, placement) {
      const spec = specOf(item, attempt, placement)
      if (spec === null) return
      agents.of(placement.node)?.start(spec)
      // Recorded before anything else can be decided: the next decision must see these cores as taken.
      recordStart({ attempt, item, task: spec.task.name, placement }, now())
    },
    follow(lead, items) {
      const placement = recorder.state.running.get(lead)?.placement
      if (placement === undefined) return
      const specs = items.flatMap(({ item, attempt }) => specOf(item, attempt, placement) ?? [])
      if (!agents.of(placement.node)?.follow(lead, specs)) return
      for (const { item, attempt } of items) {
        if (markFollowing(recorder.state, item, lead)) followers.set(attempt, item)
      }
    },
    suspend(attempt, reason) {
      agentOf(attempt)?.suspend(attempt)
      recorder.record({ type: 'attempt-suspended', at: now(), attempt, reason })
    },
    resume(attempt) {
      agentOf(attempt)?.resume(attempt)
      recorder.record({ type: 'attempt-resumed', at: now(), attempt })
    },
    move(attempt, placement) {
      // Where cores can't be changed it stays, and nothing has happened.
      if (agentOf(attempt)?.move(attempt, placement.cores))
        recorder.record({ type: 'attempt-moved', at: now(), attempt, placement })
    },
    terminate(attempt, asked) {
      const before = ending.get(attempt)
      // Why it is ended stays as it is.
      if (before !== undefined && isAtOnce(asked) && !isAtOnce(before))
        agentOf(attempt)?.terminate(attempt, 0)
      if (before !== undefined) return
      ending.set(attempt, asked)
      markTerminating(recorder.state, attempt)
      agentOf(attempt)?.terminate(attempt, isAtOnce(asked) ? 0 : settings.graceSeconds)
    },
    requeueAll(reason, atOnce = false) {
      for (const attempt of recorder.state.running.keys()) {
        attempts.terminate(attempt, { outcome: 'requeued', reason, ...(atOnce && { atOnce }) })
      }
    },
    endAll(reason, atOnce) {
      endingAll = reason
      attempts.requeueAll(reason, atOnce)
    },
    reported(report) {
      if (report.type === 'began') began(report.attempt, report.at)
      else if (report.type === 'returned') returned(report.lead)
      else afterEnd(report)
    },
  }
  return attempts

  function afterEnd(report: Ended) {
    const running = recorder.state.running.get(report.attempt)
    const item = running && recorder.state.items.get(running.item)
    if (running && report.next !== null) placements.set(report.next, running.placement)
    if (report.fault === 'unclear') setApart(report.attempt)
    // Only a failure is worth the question, and nobody waits for it but the retry. Files of another node can't be seen from here.
    if (report.failure === null || report.fault !== 'attempt' || !item?.files.length || item.node !== null)
      ended(report, false)
    else void areGone(item.files).then(gone => ended(report, gone))
  }

  function agentOf(attempt: AttemptId): Agent | null {
    const node = recorder.state.running.get(attempt)?.placement.node
    return node === undefined ? null : agents.of(node)
  }

  function specOf(itemId: ItemId, attempt: AttemptId, placement: Placement): AttemptSpec | null {
    const item = recorder.state.items.get(itemId)
    const task = item && recorder.state.tasks.get(item.task)?.definition
    if (!item || !task) return null
    return {
      attempt,
      number: item.attempts + 1,
      task: task.mpi == null ? task : { ...task, mpi: { ...task.mpi, ranks: ranksIn(placement, task.mpi) } },
      files: item.files,
      ...(task.trigger.kind === 'after' ? { result: item.completion?.result ?? null } : {}),
      ...(recorder.state.tasks.get(item.task)?.successors.size ? { keepsResult: true as const } : {}),
      ...checkpointFor(item, task),
      node: placement.node,
      cores: placement.cores,
      ...gpusOf(recorder.state, placement),
      ...(placement.others === undefined ? {} : { others: placement.others }),
      run: { name: store.name, folder: store.paths.folder },
      logFile: store.paths.attemptLog(task.name, attempt),
      scratch: store.paths.scratch(attempt),
      cwd: task.cwd === null ? options.cwd : path.resolve(options.cwd, task.cwd),
    }
  }

  function checkpointFor({ id, files }: WorkItem, task: TaskDefinition): Pick<AttemptSpec, 'checkpoint'> {
    if (task.checkpoint == null) return {}
    const { file } = task.checkpoint
    // Of a name that is no text no other name can be made.
    const name = file === null ? null : expanded(file, files[0] ?? id).toWellFormed()
    return { checkpoint: { folder: store.paths.checkpoint(task.name, id), file: name } }
  }

  function recordStart(start: Omit<AttemptStarted, 'type' | 'at'>, at: number) {
    recorder.record({ type: 'attempt-started', at, ...start })
  }

  /** Nobody has decided that it starts now: its runner went on with it. */
  function began(attempt: AttemptId, at: number) {
    const item = followers.get(attempt)
    const placement = placements.get(attempt)
    if (item === undefined || placement === undefined) return
    followers.delete(attempt)
    placements.delete(attempt)
    const task = recorder.state.items.get(item)?.task
    // Cancelled while it waited there.
    if (task === undefined) agents.of(placement.node)?.terminate(attempt, 0)
    else recordStart({ attempt, item, task, placement }, at)
    if (endingAll !== null) attempts.terminate(attempt, { outcome: 'requeued', reason: endingAll })
  }

  function returned(lead: AttemptId) {
    returnFollowers(recorder.state, lead)
    for (const [attempt, item] of followers) {
      // Cancelled ones are gone.
      if ((recorder.state.items.get(item)?.follows ?? null) === null) followers.delete(attempt)
    }
  }

  /** Its runner has died with others in its hands: the next time each gets one for itself, so that the guilty one shows. */
  function setApart(lead: AttemptId) {
    const item = recorder.state.running.get(lead)?.item
    const following = recorder.state.following.get(lead)?.items ?? []
    markAlone(recorder.state, item === undefined ? following : [item, ...following])
  }

  function ended(report: Ended, inputsAreGone: boolean) {
    const running = recorder.state.running.get(report.attempt)
    if (!running) return
    const asked = ending.get(report.attempt)
    ending.delete(report.attempt)
    // Once told to end, a function may return early with half its work done: that is not a completion.
    const outcome = asked?.outcome ?? outcomeOf(report)
    const task = recorder.state.tasks.get(running.task)?.definition
    const item = recorder.state.items.get(running.item)
    const counted = outcome === 'failed' || outcome === 'timeout'
    const reason = asked?.reason ?? reasonOf(report)
    recorder.record({
      type: 'attempt-ended',
      at: report.at,
      attempt: report.attempt,
      item: running.item,
      task: running.task,
      outcome,
      reason:
        inputsAreGone && outcome === 'failed'
          ? `${reason}; not tried again, because its input is gone`
          : reason,
      usage: report.usage,
      ...(outcome === 'completed' ? leftBy(report) : {}),
      ...((asked?.forMemory ?? report.forMemory) ? { forMemory: true } : {}),
      retryAt:
        counted && task && item && !inputsAreGone
          ? retryAt({ task, settings, failures: item.failures + 1, now: report.at })
          : null,
    })
    if (outcome === 'completed' && task?.checkpoint != null) {
      const folder = store.paths.checkpoint(running.task, running.item)
      // Nobody will go on from it. What can't be removed stays.
      rm(folder, { recursive: true, force: true }).catch(() => {})
    }
  }
}

/** What a completed attempt tells of itself. */
function leftBy({ result, outputs, upToDate }: Ended): Pick<AttemptEnded, 'result' | 'outputs' | 'upToDate'> {
  return {
    ...(result === undefined ? {} : { result }),
    ...(outputs === undefined ? {} : { outputs }),
    ...(upToDate === undefined ? {} : { upToDate }),
  }
}

/** With their maker, which decides how an attempt is told of them. */
function gpusOf(state: RunView, { node, gpus: held }: Placement): Pick<AttemptSpec, 'gpus'> {
  if (held === undefined) return {}
  return { gpus: state.nodes.get(node)?.gpus?.filter(({ index }) => held.includes(index)) ?? [] }
}

/** `failed` is over its memory limit: in a grace it would only take more, which the application may need. */
function isAtOnce({ outcome, forMemory, atOnce }: Ending): boolean {
  return outcome === 'failed' || forMemory === true || atOnce === true
}

type Ended = Extract<AttemptReport, { type: 'ended' }>

function outcomeOf({ failure, fault }: Ended): AttemptOutcome {
  if (fault !== 'attempt') return 'requeued'
  return failure === null ? 'completed' : 'failed'
}

function reasonOf({ failure, fault }: Ended): string | null {
  return fault === 'unclear'
    ? `${failure}; its runner had other items, too, and each is tried again by itself, to see which it was`
    : failure
}

/** Whether none of the files is there any more. Where a file system does not answer in time, they count as there. */
async function areGone(files: readonly FilePath[]): Promise<boolean> {
  let gone = false
  const asked = Promise.all(files.map(isGone)).then(answers => {
    gone = answers.every(answer => answer)
  })
  await within(ANSWER_MILLISECONDS, asked)
  return gone
}

function isGone(file: FilePath): Promise<boolean> {
  return access(pathToBytes(file)).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  )
}

const ANSWER_MILLISECONDS = 1000
