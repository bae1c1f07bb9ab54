import type { Layout } from '../layout.ts'
import type { CoreId, CoreState, NodeSnapshot } from '../model.ts'
import type { View } from '../run-state.ts'

/** What a core is good for. */
export const BUSY = 0
export const SHARED = 1
export const IDLE = 2
/** Added to the level of a core that an attempt holds. */
export const HELD = 4

export interface Judging {
  readonly layout: View<Layout>
  readonly look: NodeSnapshot
  /** Whether attempts may run on cores that the application uses in bursts. */
  readonly shares: boolean
}

/**
 * Writes the level of each core of the layout; false: all are busy. A core is worth no more than the worst of its hardware
 * threads; one that nobody looked at is busy. This is done for every core of a run several times a second: plain loops,
 * nothing allocated.
 */
export function judgeInto(levels: Uint8Array, { layout, look, shares }: Judging): boolean {
  levels.fill(BUSY)
  const { cores } = look
  let best = BUSY
  for (let at = 0; at < cores.length; at += 1) {
    const { core, judged } = cores[at] as CoreState
    const level = judged === 'idle' ? IDLE : judged === 'shared' && shares ? SHARED : BUSY
    if (level > best) best = level
    // What is written beyond the end of a typed array is dropped: cores that are not of the allocation.
    levels[core] = level
  }
  if (best === BUSY) return false
  for (const threads of layout.hyperthreads) evenOut(levels, threads)
  return true
}

function evenOut(levels: Uint8Array, threads: readonly CoreId[]): void {
  let worst = IDLE
  for (let at = 0; at < threads.length; at += 1) {
    const level = levels[threads[at] as CoreId] ?? BUSY
    if (level < worst) worst = level
  }
  for (let at = 0; at < threads.length; at += 1) levels[threads[at] as CoreId] = worst
}
