import { access } from 'node:fs/promises'
import path from 'node:path'
import type { AttemptId, AttemptOutcome, FilePath, ItemId, Placement, Settings } from '../core/model.ts'
import { retryAt } from '../core/retry.ts'
import { markTerminating } from '../core/state.ts'
import type { Agent, AttemptReport } from '../node/agent.ts'
import { pathToBytes } from '../os/path-bytes.ts'
import type { Recorder } from './recorder.ts'
import type { RunStore } from './run-store.ts'
import { within } from './within.ts'

/** Carries out decisions about attempts, and turns what agents report of them into events. */
export interface Attempts {
  start(item: ItemId, attempt: AttemptId, placement: Placement): void
  suspend(attempt: AttemptId, reason: string): void
  resume(attempt: AttemptId): void
  terminate(attempt: AttemptId, outcome: Exclude<AttemptOutcome, 'completed'>, reason: string): void
  /** Ends everything that runs; it is pending again. */
  requeueAll(reason: string): void
  /** What an agent reports comes in here. */
  reported(report: AttemptReport): void
}

export interface AttemptsOptions {
  readonly recorder: Recorder
  readonly agent: Agent
  readonly settings: Settings
  readonly cwd: string
  readonly store: Pick<RunStore, 'name' | 'paths'>
  readonly now: () => number
}

export function createAttempts(options: AttemptsOptions): Attempts {
  const { recorder, agent, settings, store, now } = options
  const ending = new Map<AttemptId, { outcome: Exclude<AttemptOutcome, 'completed'>; reason: string }>()

  const attempts: Attempts = {
    start(itemId, attempt, placement) {
      const item = recorder.state.items.get(itemId)
      const task = item && recorder.state.tasks.get(item.task)?.definition
      if (!item || !task) return
      agent.start({
        attempt,
        number: item.attempts + 1,
        task,
        files: item.files,
        node: placement.node,
        cores: placement.cores,
        run: { name: store.name, folder: store.paths.folder },
        logFile: store.paths.attemptLog(task.name, attempt),
        scratch: store.paths.scratch(attempt),
        cwd: task.cwd === null ? options.cwd : path.resolve(options.cwd, task.cwd),
      })
      // Recorded before anything else can be decided: the next decision must see these cores as taken.
      recorder.record({
        type: 'attempt-started',
        at: now(),
        attempt,
        item: itemId,
        task: task.name,
        placement,
      })
    },
    suspend(attempt, reason) {
      agent.suspend(attempt)
      recorder.record({ type: 'attempt-suspended', at: now(), attempt, reason })
    },
    resume(attempt) {
      agent.resume(attempt)
      recorder.record({ type: 'attempt-resumed', at: now(), attempt })
    },
    terminate(attempt, outcome, reason) {
      if (ending.has(attempt)) return
      ending.set(attempt, { outcome, reason })
      markTerminating(recorder.state, attempt)
      // `failed` is over its memory limit: in a grace it would only take more, which the application may need.
      agent.terminate(attempt, outcome === 'failed' ? 0 : settings.graceSeconds)
    },
    requeueAll(reason) {
      for (const attempt of recorder.state.running.keys()) attempts.terminate(attempt, 'requeued', reason)
    },
    reported(report) {
      if (report.type !== 'ended') return
      const running = recorder.state.running.get(report.attempt)
      const files = running && recorder.state.items.get(running.item)?.files
      // Only a failure is worth the question, and nobody waits for it but the retry.
      if (report.failure === null || !files || files.length === 0) ended(report, false)
      else void areGone(files).then(gone => ended(report, gone))
    },
  }
  return attempts

  function ended(report: Extract<AttemptReport, { type: 'ended' }>, inputsAreGone: boolean) {
    const running = recorder.state.running.get(report.attempt)
    if (!running) return
    const asked = ending.get(report.attempt)
    ending.delete(report.attempt)
    // Once told to end, a function may return early with half its work done: that is not a completion.
    const outcome = asked?.outcome ?? (report.failure === null ? 'completed' : 'failed')
    const task = recorder.state.tasks.get(running.task)?.definition
    const item = recorder.state.items.get(running.item)
    const counted = outcome === 'failed' || outcome === 'timeout'
    const reason = asked?.reason ?? report.failure
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
      retryAt:
        counted && task && item && !inputsAreGone
          ? retryAt({ task, settings, failures: item.failures + 1, now: report.at })
          : null,
    })
  }
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
