import path from 'node:path'
import type { OdopEvent } from '../core/events.ts'
import type { Snapshot } from '../core/model.ts'
import type { PolicyPlacement } from '../core/policies/question.ts'
import { applicationRuns } from '../core/run-state.ts'
import { questionOf } from '../core/schedule/ask.ts'
import { planStarts } from '../core/schedule/start.ts'
import { startPolicyProcess } from '../policy/policy-process.ts'
import type { Recorder } from './recorder.ts'

/**
 * A policy of the user's own. It is asked beside the decisions, never for one: they are made of what it said last. Until it
 * has answered first nothing starts; once it fails, `priority` decides.
 */
export interface OwnPolicy {
  /** What it wants to start; null: it has failed. */
  proposed(): readonly PolicyPlacement[] | null
  /** A decision was made and carried out: the policy is asked again where there is something to decide. */
  decided(snapshot: Snapshot, now: number): void
  close(): void
}

export interface OwnPolicyOptions {
  readonly file: string
  readonly cwd: string
  readonly recorder: Recorder
  readonly now: () => number
  /** Its process was started: its cost is odop's. */
  readonly onStarted: (pid: number) => void
  /** There is an answer, or time for a question: decide again. */
  readonly wake: () => void
}

/** It may take a twentieth of a core: after an answer it rests so many times as long as that took, … */
const REST_FACTOR = 19
/** … though no longer than this. */
const LONGEST_REST_MILLISECONDS = 2000
/** While nothing has happened but that cores became free or busy, which decisions see by looking. */
const UNCHANGED_MILLISECONDS = 250
/** So many answers in a row that start nothing while nothing runs and there is nobody to wait for. */
const MOST_IDLE_ANSWERS = 3

/** What changes nothing about what could start. */
const IRRELEVANT: ReadonlySet<OdopEvent['type']> = new Set(['usage', 'progress', 'note'])

export function openOwnPolicy(options: OwnPolicyOptions): OwnPolicy {
  const { file, cwd, recorder, now, onStarted, wake } = options
  const { state } = recorder
  let proposed: readonly PolicyPlacement[] | null = []
  let phase: 'loading' | 'free' | 'asked' | 'failed' = 'loading'
  let isNew = false
  let idleAnswers = 0
  let changed = true
  let askedAt = 0
  let restsUntil = 0
  let timer: NodeJS.Timeout | undefined

  const unlisten = recorder.listen(({ type }) => {
    if (!IRRELEVANT.has(type)) changed = true
  })
  const policy = startPolicyProcess({
    file,
    cwd,
    onStarted,
    onReady() {
      phase = 'free'
      wake()
    },
    onAnswer(placements) {
      phase = 'free'
      proposed = placements
      isNew = true
      const took = Math.max(1, now() - askedAt)
      restsUntil = now() + Math.min(REST_FACTOR * took, LONGEST_REST_MILLISECONDS)
      wake()
    },
    onFailure: fail,
  })

  return {
    proposed: () => proposed,
    decided(snapshot, at) {
      if (phase === 'failed') return
      if (isStuck(snapshot, at)) return fail('starts nothing, though nothing runs and something could start')
      if (phase === 'free' && (changed || at - askedAt >= UNCHANGED_MILLISECONDS)) ask(snapshot, at)
    },
    close() {
      clearTimeout(timer)
      unlisten()
      policy.close()
    },
  }

  function ask(snapshot: Snapshot, at: number): void {
    clearTimeout(timer)
    if (at < restsUntil && at >= askedAt) {
      timer = setTimeout(wake, restsUntil - at)
      return
    }
    const question = questionOf(state, snapshot, at)
    changed = false
    if (question === null) return
    phase = 'asked'
    askedAt = at
    policy.ask(question)
  }

  /** A drain would last for ever. While the application runs a policy may well have reasons to wait. */
  function isStuck(snapshot: Snapshot, at: number): boolean {
    if (!isNew) return false
    isNew = false
    if (applicationRuns(state) || state.running.size > 0) idleAnswers = 0
    else if (planStarts(state, { ...snapshot, proposed: null }, at).starts.length > 0) idleAnswers += 1
    return idleAnswers >= MOST_IDLE_ANSWERS
  }

  function fail(text: string): void {
    phase = 'failed'
    proposed = null
    clearTimeout(timer)
    policy.close()
    const from = path.relative(cwd, file)
    recorder.note(
      'warning',
      `the policy ${from.startsWith('..') ? file : from} ${text}; from here on 'priority' decides what starts`,
    )
    wake()
  }
}
