import type { TaskDefinition } from '../core/model.ts'

/** What the loader child reports: definitions as data, and what can't be used, with the reason and the fix. */
export interface LoadedTasks {
  readonly tasks: readonly TaskDefinition[]
  readonly problems: readonly TaskProblem[]
  /** Files that could have been meant as tasks, and are passed over. */
  readonly ignored: readonly IgnoredFile[]
}

export interface IgnoredFile {
  /** Absolute. */
  readonly file: string
  readonly reason: string
}

export interface TaskProblem {
  /** Absolute path of the module or folder. */
  readonly file: string
  readonly line: number | null
  /** Of a directive, from 1; missing: it is not known. */
  readonly column?: number
  /** The parameter concerned, as the user wrote it (`trigger.batchSize`), if it is one. */
  readonly field: string | null
  /** What was expected, what was found. */
  readonly message: string
  /** What to do next; null where the message says it. */
  readonly fix: string | null
}
