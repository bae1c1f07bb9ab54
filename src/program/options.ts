import type { OdopConfig } from '../config/options.ts'

/** What `start()` is told; each may be left out. */
export interface StartOptions {
  /** The run's name, by which a later run goes on where this one ended. */
  readonly name?: string | undefined
  /** Task folders or modules, relative to the working directory. Default: `tasks`, which may be missing. */
  readonly tasks?: string | URL | readonly (string | URL)[] | undefined
  /** A configuration file, or what it would hold. Default: the nearest file from the working directory upwards. */
  readonly config?: string | URL | OdopConfig | undefined
  /** Only measure. Default: false. */
  readonly noTasks?: boolean | undefined
}

/** The same without what concerns tasks. */
export type MonitorOptions = Omit<StartOptions, 'tasks' | 'noTasks'>
