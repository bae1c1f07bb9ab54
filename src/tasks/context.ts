import type { Parameters } from '../core/model.ts'

/** What a task's function or command builder is given. */
export interface TaskContext<P extends Parameters = Parameters> {
  /** Aborted when the attempt must end: its time limit is over, odop needs the core back, or the run ends. */
  readonly signal: AbortSignal
  /** Writes a line to the attempt's log. */
  log(text: string): void
  /** The task's name. */
  readonly task: string
  /** 1 for the first attempt at a work item, 2 for its first retry. */
  readonly attempt: number
  /** The run's name. */
  readonly run: string
  /** The node on which the attempt executes. */
  readonly node: string
  /** The cores of the placement, as the kernel numbers them. */
  readonly cores: readonly number[]
  /** The GPUs of the placement, as their tool numbers them; empty unless the task asks for some. */
  readonly gpus: readonly number[]
  /** Of a task with several ranks, whose function is called once in each: which one this is, from 0; else 0. */
  readonly rank: number
  /** How many ranks the attempt has; 1 unless the task asks for more. */
  readonly ranks: number
  /**
   * Where a task with the parameter `checkpoint` keeps what it has done so far: a folder, or the file that was named. What an earlier attempt at the
   * same work item has written there is there. Without the parameter: the same as `scratch`.
   */
  readonly checkpoint: string
  /** The task's `parameters`, as it has them; empty without. */
  readonly parameters: P
  /** A private temporary folder, empty at the start and removed after the attempt. */
  readonly scratch: string
}

/** What a task that comes after another is given besides. */
export interface AfterTaskContext<R = unknown, P extends Parameters = Parameters> extends TaskContext<P> {
  /** What the other task's function returned for its work item, as JSON keeps it; null for a command, and for ranks. */
  readonly result: R
  /** The first of `files`, if there is one. */
  readonly file: string | undefined
  /** Absolute paths of the files of the other task's work item. */
  readonly files: readonly string[]
}

/** What a task with a signal trigger is given besides. */
export interface SignalTaskContext<P extends Parameters = Parameters> extends TaskContext<P> {
  /** The first of `files`, if there is one. */
  readonly file: string | undefined
  /** Absolute paths of the files that came with the signal. */
  readonly files: readonly string[]
}

/** What a task with a file trigger is given besides. */
export interface FileTaskContext<P extends Parameters = Parameters> extends TaskContext<P> {
  /** The first of `files`; the only one unless the trigger has a `batchSize`. */
  readonly file: string
  /** Absolute paths of the files of the work item. */
  readonly files: readonly [string, ...string[]]
}
