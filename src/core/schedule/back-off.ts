import type { HeldBack, NodeName, NodeSnapshot, SlowdownLook, SlowdownMeasure } from '../model.ts'
import { coresOn } from '../placement.ts'
import { applicationRuns, type RunView } from '../run-state.ts'
import { unreachable } from '../unreachable.ts'

/**
 * Keeps the application's slowdown under what was allowed: when it is over, attempts may use half the cores that they
 * use; when it has been well under for a while, one more. This is all that is remembered of a node from look to look.
 */
export interface BackOff {
  /** Attempts may use so many cores; null: as many as ever. */
  readonly allowedCores: number | null
  /** For which that was decided last. */
  readonly slowdown: number
  readonly by: SlowdownMeasure
  /** When `allowedCores` was changed last, and in which direction. */
  readonly changedAt: number
  readonly change: 'tightened' | 'loosened'
  /** So long must be quiet before one more core is tried; grows with each try that fails. */
  readonly patienceSeconds: number
  /** Attempts pause until then, so that the application is seen alone; null: they do not. */
  readonly pausedUntil: number | null
  readonly lastPauseAt: number | null
  /** How often it was tightened. */
  readonly times: number
}

export type BackOffs = ReadonlyMap<NodeName, BackOff>

/** One more core is tried only under this part of what is allowed: between the two nothing changes. */
const LOOSEN_UNDER = 0.5
const FIRST_PATIENCE_SECONDS = 10
const LONGEST_PATIENCE_SECONDS = 300
/** Pauses to see the application alone take at most this share of the time. */
const PAUSE_SHARE = 0.05

/** Of each node that has reported; without `maxSlowdown`, or without an application, odop never holds itself back. */
export function nextBackOffs(
  state: RunView,
  looks: readonly NodeSnapshot[],
  before: BackOffs,
  now: number,
): BackOffs {
  // A journal of an earlier odop has no such setting.
  const maxSlowdown = state.settings.maxSlowdown ?? null
  if (maxSlowdown === null || !applicationRuns(state)) return new Map()
  return new Map(
    looks.map(({ node, slowdown = null }) => {
      const look = { slowdown, maxSlowdown, ...coresOf(state, node), now }
      return [node, nextBackOff(before.get(node) ?? CALM, look)]
    }),
  )
}

function coresOf(state: RunView, node: NodeName): { usableCores: number; usedCores: number } {
  let usedCores = 0
  for (const { placement, suspendedSince } of state.loads.get(node)?.attempts.values() ?? []) {
    if (suspendedSince === null) usedCores += coresOn(placement, node).length
  }
  return { usableCores: state.nodes.get(node)?.usableCores.length ?? 0, usedCores }
}

export interface BackOffLook {
  readonly slowdown: SlowdownLook | null
  readonly maxSlowdown: number
  readonly usableCores: number
  /** By attempts that are not suspended. */
  readonly usedCores: number
  readonly now: number
}

export const CALM: BackOff = {
  allowedCores: null,
  slowdown: 0,
  by: 'run-delay',
  changedAt: Number.NEGATIVE_INFINITY,
  change: 'loosened',
  patienceSeconds: FIRST_PATIENCE_SECONDS,
  pausedUntil: null,
  lastPauseAt: null,
  times: 0,
}

export function nextBackOff(before: BackOff, look: BackOffLook): BackOff {
  if (isPausing(before, look.now)) return before
  if (isOver(before, look)) return tightened(before, look)
  if (mayLoosen(before, look)) return loosened(before, look)
  return mayPause(before, look) ? paused(before, look) : before
}

/** What follows from it for a node now; null: nothing. */
export function heldBack(backOff: BackOff, maxSlowdown: number, now: number): HeldBack | null {
  if (isPausing(backOff, now)) {
    const reason = 'odop pauses the tasks for a moment, to measure the application alone'
    return {
      allowedCores: 0,
      reason,
      ...(backOff.pausedUntil === null ? {} : { until: backOff.pausedUntil }),
    }
  }
  const { allowedCores, slowdown, by, changedAt, patienceSeconds } = backOff
  if (allowedCores === null) return null
  const figures = `slowdown ${percent(slowdown)} over the ${percent(maxSlowdown)} allowed`
  const reason = `odop backs off: ${figures}, ${measureText(by)}`
  return { allowedCores, reason, until: changedAt + patienceSeconds * 1000 }
}

function isPausing({ pausedUntil }: BackOff, now: number): boolean {
  return pausedUntil !== null && now < pausedUntil
}

function isOver(before: BackOff, { slowdown, maxSlowdown, usedCores }: BackOffLook): boolean {
  if (slowdown === null || slowdown.share === null || slowdown.share <= maxSlowdown) return false
  return usedCores > 0 && isNews(before, slowdown)
}

/** What was measured, at least in part, before the last change says nothing about what the change has brought. */
function isNews({ changedAt }: BackOff, { since }: SlowdownLook): boolean {
  return since !== null && since >= changedAt
}

function mayLoosen(before: BackOff, { slowdown, maxSlowdown, now }: BackOffLook): boolean {
  if (before.allowedCores === null || now - before.changedAt < before.patienceSeconds * 1000) return false
  if (slowdown === null || slowdown.share === null || !isNews(before, slowdown)) return true
  return slowdown.share <= LOOSEN_UNDER * maxSlowdown
}

function tightened(before: BackOff, { slowdown, usedCores, now }: BackOffLook): BackOff {
  return {
    ...before,
    allowedCores: Math.floor(Math.min(before.allowedCores ?? usedCores, usedCores) / 2),
    slowdown: slowdown?.share ?? 0,
    by: slowdown?.by ?? 'run-delay',
    changedAt: now,
    change: 'tightened',
    patienceSeconds: patienceAfter(before, now),
    times: before.times + 1,
  }
}

/** A try that failed soon is not made again soon; after a long time without harm that is forgotten. */
function patienceAfter({ change, changedAt, patienceSeconds, times }: BackOff, now: number): number {
  if (times === 0) return FIRST_PATIENCE_SECONDS
  if (change === 'tightened') return patienceSeconds
  const failedSoon = now - changedAt < 5 * patienceSeconds * 1000
  return failedSoon ? Math.min(LONGEST_PATIENCE_SECONDS, 2 * patienceSeconds) : FIRST_PATIENCE_SECONDS
}

function loosened(before: BackOff, { usableCores, now }: BackOffLook): BackOff {
  const cores = (before.allowedCores ?? usableCores) + 1
  return {
    ...before,
    allowedCores: cores >= usableCores ? null : cores,
    changedAt: now,
    change: 'loosened',
  }
}

function mayPause({ lastPauseAt }: BackOff, { slowdown, usedCores, now }: BackOffLook): boolean {
  const seconds = slowdown?.pauseSeconds ?? null
  if (seconds === null || usedCores === 0) return false
  return lastPauseAt === null || now - lastPauseAt >= (seconds / PAUSE_SHARE) * 1000
}

function paused(before: BackOff, { slowdown, now }: BackOffLook): BackOff {
  return { ...before, pausedUntil: now + (slowdown?.pauseSeconds ?? 0) * 1000, lastPauseAt: now }
}

function measureText(by: SlowdownMeasure): string {
  switch (by) {
    case 'run-delay':
      return 'by run-queue delay'
    case 'progress':
      return "by the application's progress"
    default:
      return unreachable(by)
  }
}

/** `5 %`, `0.51 %`. */
function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`
}
