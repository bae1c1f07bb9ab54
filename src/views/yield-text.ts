import type { NodeFacts, YieldMode } from '../core/model.ts'

/** How cores are given back to the application, as a user should read it. */
export function yieldText(mode: YieldMode): string {
  return mode === 'kernel'
    ? 'by the kernel, which preempts the tasks at once'
    : 'by suspending the tasks, since the kernel would share cores between them and the application'
}

/** That it has changed, and why. */
export function yieldNote({ yieldMode, yieldReason }: NodeFacts): string {
  return `cores are given back ${yieldText(yieldMode)}${yieldReason === undefined ? '' : ` (${yieldReason})`}`
}
