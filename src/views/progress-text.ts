import type { AttemptProgress } from '../core/state.ts'
import { printable } from './printable.ts'
import { percentText } from './units.ts'

/** How far an attempt says that it is: a share from 0 to 1, and what it is at; null: it does not say. */
export type ProgressView = Pick<AttemptProgress, 'fraction' | 'text'>

/** null: it has not said how far it is. */
export function progressView(
  progress: Pick<AttemptProgress, 'fraction' | 'text'> | null,
): ProgressView | null {
  return progress === null ? null : { fraction: progress.fraction, text: progress.text }
}

/** `40% slice 12` */
export function progressText(progress: ProgressView | null): string {
  return progress === null
    ? ''
    : printable(`${percentText(progress.fraction)} ${progress.text ?? ''}`.trimEnd())
}
