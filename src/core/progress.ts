import { companyOf } from './interference.ts'
import type { ProgressUsage, SlowdownLook } from './model.ts'

/*
 * The application's own pace: how long its steps take beside attempts, and without any. Shows whatever slows it down,
 * memory bandwidth and caches included.
 *
 * A step may come as several signals at once (a file of each rank), and steps may be far shorter than the time in which one
 * can be seen. So what is timed are blocks: from a signal to the first one that comes at least a quarter of a second later.
 */

/** Changed by `addStep`. */
export interface Progress {
  /** Signals so far. */
  steps: number
  block: { readonly at: number; readonly companySeconds: number; steps: number } | null
  readonly beside: Block[]
  readonly alone: Block[]
}

interface Block {
  readonly began: number
  readonly ended: number
  readonly secondsPerStep: number
}

const BLOCK_MILLISECONDS = 250
/** Of each kind; the figures are medians of these. */
const MOST_BLOCKS = 512
const LEAST_BLOCKS = 3
/** So many make the slowdown at present. */
const RECENT_BESIDE = 5
const RECENT_ALONE = 9
const ALONE_LASTS_MILLISECONDS = 600_000
/** An attempt is not kept from work for longer than this at a time, to see the application alone. */
const LONGEST_PAUSE_SECONDS = 30

export function newProgress(): Progress {
  return { steps: 0, block: null, beside: [], alone: [] }
}

/** @param companySeconds for how long attempts have executed so far, see `Company` */
export function addStep(progress: Progress, at: number, companySeconds: number): void {
  progress.steps += 1
  const { block } = progress
  if (block === null || at < block.at) {
    progress.block = { at, companySeconds, steps: 1 }
  } else if (at - block.at < BLOCK_MILLISECONDS) {
    block.steps += 1
  } else {
    closeBlock(progress, block, { at, companySeconds })
    progress.block = { at, companySeconds, steps: 1 }
  }
}

function closeBlock(
  progress: Progress,
  block: NonNullable<Progress['block']>,
  { at, companySeconds }: { readonly at: number; readonly companySeconds: number },
): void {
  const seconds = (at - block.at) / 1000
  const company = companyOf(seconds, companySeconds - block.companySeconds)
  if (company === null) return
  const blocks = progress[company]
  blocks.push({ began: block.at, ended: at, secondsPerStep: seconds / block.steps })
  if (blocks.length > MOST_BLOCKS) blocks.shift()
}

/** What is recorded of it; null: it never told of a step. */
export function progressUsage(progress: Progress): ProgressUsage | null {
  if (progress.steps === 0) return null
  const part = (blocks: readonly Block[]) => ({ blocks: blocks.length, stepSeconds: median(blocks) })
  return { steps: progress.steps, beside: part(progress.beside), alone: part(progress.alone) }
}

/** null: too few steps were seen beside attempts, or alone. */
export function slowdownOfProgress({ beside, alone }: ProgressUsage): number | null {
  if (beside.blocks < LEAST_BLOCKS || alone.blocks < LEAST_BLOCKS) return null
  if (beside.stepSeconds === null || alone.stepSeconds === null) return null
  return beside.stepSeconds / alone.stepSeconds - 1
}

/** null: there is nothing to compare yet. */
export function recentProgress(progress: Progress, now: number): SlowdownLook | null {
  const beside = progress.beside.slice(-RECENT_BESIDE)
  const alone = progress.alone
    .slice(-RECENT_ALONE)
    .filter(({ ended }) => now - ended < ALONE_LASTS_MILLISECONDS)
  const stepSeconds = median(beside)
  if (beside.length < LEAST_BLOCKS || stepSeconds === null) return null
  const baseline = alone.length < LEAST_BLOCKS ? null : median(alone)
  return {
    share: baseline === null ? null : stepSeconds / baseline - 1,
    by: 'progress',
    since: beside[0]?.began ?? null,
    pauseSeconds: baseline === null ? pauseFor(beside) : null,
  }
}

/** A block that begins before the pause does not count, so it takes one more than are needed. */
function pauseFor(blocks: readonly Block[]): number {
  const seconds = blocks.map(({ began, ended }) => (ended - began) / 1000).sort((a, b) => a - b)
  return Math.min(LONGEST_PAUSE_SECONDS, (LEAST_BLOCKS + 1) * (seconds[seconds.length >> 1] ?? 0))
}

function median(blocks: readonly Block[]): number | null {
  const sorted = blocks.map(({ secondsPerStep }) => secondsPerStep).sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle]
  if (upper === undefined) return null
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2
}
