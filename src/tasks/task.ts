import type { Parameters } from '../core/model.ts'
import type { AfterTaskContext, FileTaskContext, SignalTaskContext, TaskContext } from './context.ts'

/** Bytes, or a text such as `'500M'` or `'2G'` (powers of 1024). */
export type Size = number | string
/** Seconds, or a text such as `'90s'`, `'10m'` or `'2h'`. */
export type Duration = number | string

export interface FileInOptions {
  /** A glob, held against the name, or against the path below the folder when it holds a `/`; or a RegExp. Default: every file. */
  readonly filter?: string | RegExp | undefined
  /** Files of one work item. Default: 1. */
  readonly batchSize?: number | undefined
  /** Subfolders too. Default: false. */
  readonly recursive?: boolean | undefined
  /** An incomplete batch is queued when the application has ended (`end`, the default) or left for the next run (`never`). */
  readonly flush?: 'end' | 'never' | undefined
  /** How long size and time must stand still where it cannot be seen whether a file is still open. Default: the run's `settle`. */
  readonly settle?: Duration | undefined
  /**
   * `each-node`: the folder is another one on each node, such as `/local/scratch`. Each node watches its own, and its work items are
   * carried out there. Default: the folder is the same everywhere, and is watched once.
   */
  readonly on?: 'each-node' | undefined
}

export interface FileUpdatedOptions {
  /** Which files of a folder: a glob or a RegExp, as for `fileIn`. Default: every file. */
  readonly filter?: string | RegExp | undefined
  /** Subfolders too. Default: false. */
  readonly recursive?: boolean | undefined
  /** As for `fileIn`. */
  readonly settle?: Duration | undefined
  /** As for `fileIn`. */
  readonly on?: 'each-node' | undefined
}

export interface FileIn {
  readonly kind: 'file-in'
  readonly folder: string
  readonly options: FileInOptions
}

export interface FileUpdated {
  readonly kind: 'file-updated'
  readonly path: string
  readonly options: FileUpdatedOptions
}

export interface Timer {
  readonly kind: 'timer'
  readonly every: Duration
}

export interface After<R = unknown> {
  readonly kind: 'after'
  readonly task: string
  /** Only for the compiler: what the other task returns. */
  readonly [returned]?: R
}

declare const returned: unique symbol

export interface Signal {
  readonly kind: 'signal'
  readonly name: string
}

/** A trigger whose work items hold files. */
export type FileTrigger = FileIn | FileUpdated
export type TaskTrigger = FileTrigger | Timer | After | Signal

/** Queues a work item for each file (or batch of files) of a folder: those already there, then those that appear. */
export function fileIn(folder: string, options: FileInOptions = {}): FileIn {
  return Object.freeze({ kind: 'file-in', folder, options })
}

/** Queues a work item whenever a file, or a file of a folder, has been written again and is complete. */
export function fileUpdated(path: string, options: FileUpdatedOptions = {}): FileUpdated {
  return Object.freeze({ kind: 'file-updated', path, options })
}

/** Queues a work item again and again, that long apart. */
export function timer(every: Duration): Timer {
  return Object.freeze({ kind: 'timer', every })
}

/** Queues a work item for each work item of another task that has completed; it is given what that returned, and its files. */
export function after<R = unknown>(task: string): After<R> {
  return Object.freeze({ kind: 'after', task })
}

/** Queues a work item each time that `odop signal RUN NAME` is called, with the files that are named there. */
export function signal(name: string): Signal {
  return Object.freeze({ kind: 'signal', name })
}

/** What the function is given follows from the trigger: a timer has no files, and only `after` has a `result`. */
export type ContextOf<
  T extends TaskTrigger | undefined,
  P extends Parameters = Parameters,
> = T extends FileTrigger
  ? FileTaskContext<P>
  : T extends After<infer R>
    ? AfterTaskContext<R, P>
    : T extends Signal
      ? SignalTaskContext<P>
      : TaskContext<P>

/** Names of other tasks: all of them, or what one of the two lists says. */
export type DependsOn =
  | string
  | readonly string[]
  | { readonly all: readonly string[] }
  | { readonly any: readonly string[] }

/** The parameters of a task; each may be left out. */
export interface TaskOptions<
  T extends TaskTrigger | undefined = TaskTrigger | undefined,
  P extends Parameters = Parameters,
> {
  /** Letters, digits, `.`, `_` and `-`. Default: the name of the export, for a default export that of the file. */
  readonly name?: string | undefined
  /** What queues the task: `fileIn`, `fileUpdated`, `timer`, `after`, `signal`; without one it is a background task, kept going all the time. */
  readonly trigger?: T
  /** Higher goes first. Default: 0. */
  readonly priority?: number | undefined
  /**
   * Cores that are reserved for an attempt. `'all'`: every allocated core of a node. `'any'`: those of a node that are idle when it
   * starts, 1 at least. Default: 1.
   */
  readonly cpus?: number | 'all' | 'any' | undefined
  /** GPUs that an attempt has for itself; `'all'`: every allocated GPU of a node. Default: 0; it sees none. */
  readonly gpus?: number | 'all' | undefined
  /**
   * Of an MPI task, instead of `cpus`: so many nodes, each with as many ranks. `'all'`: every node; `'any'`: those that have room
   * when it starts, 1 at least. Default: what `ranks` and `ranksPerNode` make.
   */
  readonly nodes?: number | 'all' | 'any' | undefined
  /** Ranks in all. Alone: on as few nodes as have room. `'all'`: on every core of every node. Default: `nodes` × `ranksPerNode`. */
  readonly ranks?: number | 'all' | 'any' | undefined
  /** Ranks on each node. `'all'`: on each of its cores. Default: what `ranks` and `nodes` make, else 1. */
  readonly ranksPerNode?: number | 'all' | 'any' | undefined
  /** Cores that are reserved for each rank. Default: 1. */
  readonly cpusPerRank?: number | 'any' | undefined
  /** What `srun --mpi` is given, such as `'pmi2'`. Default: Slurm's default. */
  readonly mpi?: string | undefined
  /**
   * Work items wait until these tasks have nothing left to do: no work item that is pending or running, and no file that is
   * known but not complete. `{ any: […] }`: until one of them has. Default: they do not wait.
   */
  readonly dependsOn?: DependsOn | undefined
  /** Limit for the memory of an attempt with all its processes. Default: none. */
  readonly memory?: Size | undefined
  /** Limit for what an attempt with all its processes writes to disks; what it deletes counts, too. Default: none. */
  readonly diskLimit?: Size | undefined
  /** Time limit of an attempt; pauses while it is suspended. Default: none. */
  readonly time?: Duration | undefined
  /** At most so many work items in a run. Default: no limit. */
  readonly maxRuns?: number | undefined
  /** At most so many attempts at the same time; of a background task, how many are kept going. Default: no limit, and 1. */
  readonly replicas?: number | undefined
  /** Further attempts after a failed one, and the pause before the first. Default: the run's `retries` and `retryDelay`. */
  readonly retries?:
    | number
    | { readonly limit?: number | undefined; readonly delay?: Duration | undefined }
    | undefined
  /** Says that the task mostly waits for disks. */
  readonly ioBound?: boolean | undefined
  /** Says that the task mostly waits for the network. */
  readonly networkBound?: boolean | undefined
  /**
   * What a work item writes: names in which `{file}` stands for its file, `{folder}` for the folder of that and `{name}` for its name without the
   * extension; or a function that returns names. Relative to `cwd`. An item whose outputs are all there and newer than its files is done without an attempt,
   * and one that completes without having written them has failed. Default: not known.
   */
  readonly outputs?:
    | string
    | readonly string[]
    | ((context: ContextOf<T, P>) => string | readonly string[] | Promise<string | readonly string[]>)
    | undefined
  /**
   * The task keeps what it has done so far in `checkpoint`, a folder, or a file of this name in it, which outlives the attempt. It may be ended when the
   * application needs its cores for long, and goes on later. Default: false.
   */
  readonly checkpoint?: boolean | string | undefined
  /** Environment variables of an attempt, besides the run's own. */
  readonly env?: Readonly<Record<string, string>> | undefined
  /** Working directory of an attempt. Default: the folder in which `odop run` was started. */
  readonly cwd?: string | undefined
  /** The user's own values: given to the function as `parameters`, and to a program as arguments. Default: none. */
  readonly parameters?: P | undefined
}

/** The parameters of a task that starts a program instead of calling a function. */
export interface CommandTaskOptions<
  T extends TaskTrigger | undefined = TaskTrigger | undefined,
  P extends Parameters = Parameters,
> extends TaskOptions<T, P> {
  /** The program and its arguments. No shell reads them: a name with a space stays one argument. */
  readonly command: (context: ContextOf<T, P>) => readonly string[] | Promise<readonly string[]>
  /** How each of `parameters` is appended to the arguments, such as `'--{key} {value}'`; empty: not at all. Default: `'{key}={value}'`. */
  readonly parameterFormat?: string | undefined
}

/** All that any of the triggers gives. */
export type AnyContext = FileTaskContext & Partial<Pick<AfterTaskContext, 'result'>>

/** A task as its module exports it. Nothing is checked yet: one wrong task must not end its whole module. */
export interface Task {
  readonly [taskBrand]: true
  /** As the user wrote them. */
  readonly options: unknown
  readonly run: ((context: AnyContext) => unknown) | null
  readonly command: ((context: AnyContext) => unknown) | null
  /** Says what a work item writes. */
  readonly outputs: ((context: AnyContext) => unknown) | null
  /** Where `task()` was called. */
  readonly place: Error
}

/** Shared by all copies of odop in a process. */
export const taskBrand: unique symbol = Symbol.for('odop.task') as never

/** A task that starts a program: `task({ command: ({ files }) => ['python3', 'reduce.py', ...files] })`. */
export function task<T extends TaskTrigger | undefined = undefined, P extends Parameters = Parameters>(
  options: CommandTaskOptions<T, P>,
): Task
/** A task that calls a function. */
export function task<T extends TaskTrigger | undefined = undefined, P extends Parameters = Parameters>(
  options: TaskOptions<T, P>,
  run: (context: ContextOf<T, P>) => unknown,
): Task
export function task(options: unknown, run?: unknown): Task {
  return Object.freeze({
    [taskBrand]: true as const,
    options,
    run: callable(run),
    command: callable(partOf(options, 'command')),
    outputs: callable(partOf(options, 'outputs')),
    place: new Error('task()'),
  })
}

export function isTask(value: unknown): value is Task {
  return typeof value === 'object' && value !== null && taskBrand in value
}

function partOf(options: unknown, key: 'command' | 'outputs'): unknown {
  return typeof options === 'object' && options !== null
    ? (options as Record<string, unknown>)[key]
    : undefined
}

function callable(value: unknown): Task['run'] {
  return typeof value === 'function' ? (value as NonNullable<Task['run']>) : null
}
