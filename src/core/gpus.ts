import type { GpuState } from './model.ts'

/** One look at a GPU. */
export interface GpuLook {
  /** Share of the last moment in which something was executed on it, by anybody; null: its tool does not say. */
  readonly useShare: number | null
  /** Share of its memory that is in use; null: its tool does not say. */
  readonly memoryShare: number | null
  /** A process that is none of odop's attempts' is known to have work there, or memory. */
  readonly foreign: boolean
  /** An attempt has it, or has had it until just now: use and memory may be its own. */
  readonly held: boolean
}

/** What is remembered of a GPU from look to look. */
export interface GpuJudgement {
  readonly judged: GpuState['judged']
  /** How long and for how many looks nobody but attempts has used it, without a break. */
  readonly quietSeconds: number
  readonly quietLooks: number
}

export const UNSEEN_GPU: GpuJudgement = { judged: 'busy', quietSeconds: 0, quietLooks: 0 }

/** An application goes back to its GPUs after each of its steps on cores; those are mostly shorter. */
const IDLE_AFTER_SECONDS = 4
const LEAST_LOOKS = 2
/** Drivers, and what draws a screen, have less; an application that has more will come back to it. */
const MOST_FOREIGN_MEMORY = 0.1

/**
 * One more look. The kernel takes nothing back from a GPU, so an attempt starts only where nobody else has anything: no process,
 * no memory to speak of, and no use over the threshold.
 *
 * @param seconds since the look before
 */
export function judgeGpu(
  previous: GpuJudgement,
  look: GpuLook,
  seconds: number,
  threshold: number,
): GpuJudgement {
  if (look.foreign) return UNSEEN_GPU
  if (look.held) return previous
  if (!isQuiet(look, threshold)) return UNSEEN_GPU
  const quietSeconds = previous.quietLooks === 0 ? 0 : previous.quietSeconds + seconds
  const quietLooks = previous.quietLooks + 1
  const isIdle = quietSeconds >= IDLE_AFTER_SECONDS && quietLooks >= LEAST_LOOKS
  return { judged: isIdle ? 'idle' : previous.judged, quietSeconds, quietLooks }
}

/** What is not known is not idle: a GPU that is divided into instances says nothing of its use. */
function isQuiet({ useShare, memoryShare }: GpuLook, threshold: number): boolean {
  return useShare !== null && useShare < threshold && (memoryShare ?? 0) < MOST_FOREIGN_MEMORY
}
