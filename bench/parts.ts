import type { Figure } from './measure.ts'

/** What a part of the bench gives back. */
export interface PartResult {
  readonly figures: readonly Figure[]
  /** What was not measured, by name, and why. */
  readonly skipped: readonly string[]
  /** What should have been measured and could not; the rest of the part was. */
  readonly failed?: readonly string[]
  /** Goes into the JSON as it is. */
  readonly details?: unknown
}
