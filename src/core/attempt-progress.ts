import type { AttemptProgress } from './run-state.ts'

const EVERY_MILLISECONDS = 10_000
const STEP = 0.05

/** So that the journal of a long run stays small: an attempt's progress is recorded each 10 s, or each 5 %. */
export function isWorthTelling(before: AttemptProgress | null, fraction: number, now: number): boolean {
  if (before === null) return true
  // A hair less than the step: 0.35 - 0.3 is.
  return Math.abs(fraction - before.fraction) >= STEP - 1e-9 || now - before.at >= EVERY_MILLISECONDS
}
