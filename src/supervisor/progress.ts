import { type Company, changeCompany, companySeconds, NO_COMPANY } from '../core/interference.ts'
import type { ProgressUsage, SlowdownLook } from '../core/model.ts'
import { addStep, newProgress, progressUsage, recentProgress } from '../core/progress.ts'
import type { RunView } from '../core/state.ts'
import { type ProgressFiles, watchProgress } from '../triggers/progress-files.ts'
import type { Recorder } from './recorder.ts'

/** The application's steps, as its files and its signals tell them, timed beside attempts and alone. */
export interface ProgressDesk {
  /** One step, just now. */
  step(): void
  /** What they say of the slowdown at present; null: nothing yet. */
  recent(now: number): SlowdownLook | null
  /** null: there were no steps. */
  usage(): ProgressUsage | null
  close(): Promise<void>
}

export interface ProgressDeskOptions {
  readonly recorder: Recorder
  /** Absolute glob of files, each change of which is a step; null: only signals are. */
  readonly glob: string | null
  readonly now: () => number
}

export function openProgress({ recorder, glob, now }: ProgressDeskOptions): ProgressDesk {
  const progress = newProgress()
  let company: Company = NO_COMPANY
  recorder.listen(event => {
    if (CHANGING.has(event.type)) company = changeCompany(company, hasCompany(recorder.state), event.at)
  })
  const stepped = (at: number) => addStep(progress, at, companySeconds(company, at))
  const warn = (text: string) => recorder.note('warning', text)
  const files: ProgressFiles | null = glob === null ? null : watchProgress({ glob, now, stepped, warn })
  return {
    step: () => stepped(now()),
    recent: at => recentProgress(progress, at),
    usage: () => progressUsage(progress),
    close: async () => files?.close(),
  }
}

const CHANGING: ReadonlySet<string> = new Set([
  'attempt-started',
  'attempt-suspended',
  'attempt-resumed',
  'attempt-ended',
])

/** An attempt executes and is not suspended, on whatever node: the application's steps are of all its nodes. */
function hasCompany(state: RunView): boolean {
  for (const { suspendedSince } of state.running.values()) if (suspendedSince === null) return true
  return false
}
