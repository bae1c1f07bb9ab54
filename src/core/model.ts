import type { PolicyPlacement } from './policies/question.ts'

/**
 * The nouns of odop, as plain data. Everything here can be written to the journal and sent to another process.
 *
 * Units, everywhere: `…Seconds` are seconds, `…Bytes` are bytes, `at` is milliseconds since the epoch,
 * a share is a number from 0 to 1, a core is the number that the kernel gives it on its node.
 */

export type CoreId = number
/** As the tools of its maker count the GPUs of a node, from 0. */
export type GpuIndex = number
export type NodeName = string
export type TaskName = string
/** `TASK#N`: the N-th work item of a task in this run, counted from 1. */
export type ItemId = string
/** `TASK#N.K`: the K-th attempt at a work item, counted from 1; also the name of its log, see `attemptLogName`. */
export type AttemptId = string

/**
 * A file's path as odop keeps it: absolute; bytes that are not UTF-8 appear as lone surrogates U+DC80 … U+DCFF,
 * one for each byte, so that every name that the kernel allows survives JSON (see `os/path-bytes.ts`).
 */
export type FilePath = string

/** What queues a task. `after`: the completion of each item of another task. `background` is a task without a trigger: it is queued again whenever it leaves the queue. */
export type Trigger =
  | FileInTrigger
  | FileUpdatedTrigger
  | { readonly kind: 'timer'; readonly everySeconds: number }
  | { readonly kind: 'after'; readonly task: TaskName }
  | { readonly kind: 'signal'; readonly name: string }
  | { readonly kind: 'background' }

/** Fires once for each file of a folder: those already there, then those that appear. */
export interface FileInTrigger {
  readonly kind: 'file-in'
  /** As the user wrote it: relative to the folder in which `odop run` was started. */
  readonly folder: string
  readonly filter: FileFilter | null
  readonly recursive: boolean
  /** Files of one work item; an incomplete batch waits for more. */
  readonly batchSize: number
  /** `end`: an incomplete batch is queued when the application has ended; `never`: it stays for the next run. */
  readonly flush: 'never' | 'end'
  /** How long size and time must stand still where it cannot be seen whether a file is still open for writing. */
  readonly settleSeconds: number
  readonly on?: WatchedOn
}

/** Fires when a file (or any file of a folder that passes the filter) has been written again and is complete. */
export interface FileUpdatedTrigger {
  readonly kind: 'file-updated'
  readonly path: string
  readonly filter: FileFilter | null
  readonly recursive: boolean
  readonly settleSeconds: number
  readonly on?: WatchedOn
}

/**
 * Who watches for files: `each-node` is every node, each for its own, and its items stay there. null, or missing in a journal of
 * an earlier odop: the supervisor, once for all nodes.
 */
export type WatchedOn = 'each-node' | null

/** A glob (matched against the name, or against the path below the folder when it holds a `/`) or a RegExp. */
export type FileFilter =
  | { readonly kind: 'glob'; readonly pattern: string }
  | { readonly kind: 'regexp'; readonly source: string; readonly flags: string }

/** A task, as data. Its function or command builder stays in its module and is only ever called in a runner. */
export interface TaskDefinition {
  readonly name: TaskName
  /** Where a runner finds it: the module, and the index among the tasks that the module exports. */
  readonly module: string
  readonly index: number
  /** `script`: `module` is an executable file that is started itself, with the parameters and then the files as its arguments. */
  readonly kind: 'function' | 'command' | 'script'
  readonly trigger: Trigger
  /** Higher goes first. */
  readonly priority: number
  /**
   * A reservation: an attempt that sleeps still holds its cores. `all`: every allocated core of one node; `any`: what is idle there
   * when it starts, 1 at least. Of an MPI task: cores on each of its nodes, or of each rank where these may have different numbers
   * of ranks.
   */
  readonly cpus: number | 'all' | 'any'
  /** GPUs of one node that an attempt has for itself; `all`: every one of the allocation there. Missing: none. */
  readonly gpus?: number | 'all'
  /** An attempt consists of ranks; missing or null: of one process and what that starts. */
  readonly mpi?: MpiNeeds | null
  /** Items wait until these tasks have nothing left to do. null, or missing in a journal of an earlier odop: they do not wait. */
  readonly dependsOn?: Dependency | null
  /** Memory of all processes of an attempt, of an MPI task on each of its nodes; null: not limited and nothing reserved. */
  readonly memoryBytes: number | null
  /** Bytes that an attempt may write to disks, of an MPI task on each of its nodes; null or missing: not limited. */
  readonly diskLimitBytes?: number | null
  /** Time limit of an attempt, which pauses while it is suspended; null: none. */
  readonly timeSeconds: number | null
  /** At most so many work items of this task in a run; null: no limit. */
  readonly maxRuns: number | null
  /** At most so many attempts of this task at the same time; for a background task how many are kept going (at least 1). */
  readonly replicas: number | null
  /** Further attempts after a failed one (a requeue does not count), null: the run's setting. */
  readonly retries: number | null
  /** Pause before the first retry; doubles with each further one. null: the run's setting. */
  readonly retryDelaySeconds: number | null
  readonly ioBound: boolean
  readonly networkBound: boolean
  /** What an item writes. null, or missing in a journal of an earlier odop: that is not known. */
  readonly outputs?: Outputs | null
  /** What of an attempt outlives it. null, or missing in a journal of an earlier odop: nothing. */
  readonly checkpoint?: Checkpoint | null
  readonly env: Readonly<Record<string, string>>
  /** Working directory of an attempt; null: the folder in which `odop run` was started. */
  readonly cwd: string | null
  /** The user's own values for it; missing: there are none. */
  readonly parameters?: Parameters
  /** How a program is given each of them: words with `{key}` and `{value}`; missing: `{key}={value}`. */
  readonly parameterFormat?: string
}

export type Parameters = Readonly<Record<string, string | number | boolean>>

/** Other tasks that are to have nothing left to do: `all` of them, or `any` one. */
export interface Dependency {
  readonly of: 'all' | 'any'
  readonly tasks: readonly TaskName[]
}

/** `patterns`: names with `{file}`, `{folder}` and `{name}`; `function`: the task's module says it for each item. */
export type Outputs =
  | { readonly kind: 'patterns'; readonly patterns: readonly string[] }
  | { readonly kind: 'function' }

/** Each item has a folder of its own; `file`: the task keeps this one file there, by a name with `{name}` in it. */
export interface Checkpoint {
  readonly file: string | null
}

/** What an attempt of an MPI task consists of. */
export interface MpiNeeds {
  /**
   * Each has as many ranks; null: as few nodes as have room, with as many ranks as fit. `all`: those of the allocation; `any`: those
   * that have room when it starts, 1 at least.
   */
  readonly nodes: number | 'all' | 'any' | null
  /** In all. 0: as many as the cores of its placement make, see `ranksIn`. */
  readonly ranks: number
  readonly cpusPerRank: number
  /** What `srun --mpi` is given; null: Slurm's default. */
  readonly launch: string | null
}

/** The unit of the queue, of retry, and of "processed once": a task with its inputs. */
export interface WorkItem {
  readonly id: ItemId
  readonly task: TaskName
  readonly files: readonly FilePath[]
  /** For `file-updated`: which version of the file this is (`mtimeNs:size`), else null. */
  readonly version: string | null
  /** Where its files are, and the only node on which it can start; null, or missing in a journal of an earlier odop: any. */
  readonly node?: NodeName | null
  /** Of a task that comes after another: the item of that one whose completion has queued it; missing: it does not. */
  readonly after?: ItemId
  /** When it was queued first. */
  readonly queuedAt: number
}

/** Where an attempt runs; its runner is on `node`. */
export interface Placement {
  readonly node: NodeName
  readonly cores: readonly CoreId[]
  /** Missing: it has none. */
  readonly gpus?: readonly GpuIndex[]
  /** Further nodes of an MPI task; missing: there are none. */
  readonly others?: readonly PlacementPart[]
}

export interface PlacementPart {
  readonly node: NodeName
  readonly cores: readonly CoreId[]
}

/** What an attempt has used. */
export interface AttemptUsage {
  /** From its start to its end, without the time in which it was suspended. */
  readonly wallSeconds: number
  readonly cpuSeconds: number
  readonly peakMemoryBytes: number
}

/**
 * How an attempt ended.
 *
 * - `completed`: the function returned, or the command exited with 0
 * - `failed`: it threw, rejected, exited, crashed, or went over its memory limit
 * - `timeout`: its time limit was over
 * - `cancelled`: the user ended it; the item is not tried again
 * - `requeued`: odop took the cores back, or the run ended; the item is pending again and the attempt does not count
 */
export type AttemptOutcome = 'completed' | 'failed' | 'timeout' | 'cancelled' | 'requeued'

/** How a node gives cores back: by the kernel's preemption, or by suspension because that does not reach. */
export type YieldMode = 'kernel' | 'suspend'

/** What is known of a node when the run starts. */
export interface NodeFacts {
  readonly name: NodeName
  /** The cores of the allocation on this node that may be used: affinity less exclusions and reservations. */
  readonly usableCores: readonly CoreId[]
  /** All cores of the allocation on this node; accounting is over these. */
  readonly cores: readonly CoreId[]
  /** Hardware threads that share a core, socket and NUMA node of each core of the allocation. */
  readonly topology: readonly CorePlace[]
  /** Those of the allocation on this node; missing: not known (yet). */
  readonly gpus?: readonly Gpu[]
  /** The allocation's memory on this node: the cgroup's limit, Slurm's, or the machine's. */
  readonly memoryLimitBytes: number
  readonly yieldMode: YieldMode
  /**
   * Attempts are in other sessions than the application: the kernel gives them some 1.4 % of a core that it wants, which
   * is the weight of a session of the lowest nice value (15 of 1024 + 15). Missing: false.
   */
  readonly ownSessions?: boolean
  /** Why it is this one, as a user should read it. */
  readonly yieldReason?: string
}

export interface Gpu {
  readonly index: GpuIndex
  readonly maker: 'nvidia' | 'amd'
}

export interface CorePlace {
  readonly core: CoreId
  readonly siblings: readonly CoreId[]
  readonly socket: number
  readonly numaNode: number
}

/** Core-seconds since the launch; total = app + tasks + odop + idle within rounding. */
export interface CoreSeconds {
  readonly total: number
  /** Everything on the allocation's cores that is neither odop's nor, where they can be told apart, other programs'. */
  readonly app: number
  readonly tasks: number
  readonly odop: number
  readonly idle: number
}

/** Cumulative use of a node since the launch: what the summary's node entry is made of. */
export interface NodeUsage {
  readonly node: NodeName
  readonly coreSeconds: CoreSeconds
  readonly memoryBytes: {
    readonly limit: number
    readonly appPeak: number
    readonly tasksPeak: number
    readonly odopPeak: number
  }
  /** Time that the application's threads spent runnable on a run queue but not running; `null` where the kernel does not say. */
  readonly appRunDelaySeconds: number | null
  /** The same beside attempts and without any; `null` where the kernel does not say. */
  readonly interference: Interference | null
  /** The part of `coreSeconds.idle` that other programs have used. Missing: they can't be told from the application. */
  readonly otherCoreSeconds?: number
  /** Cores that nobody has used so far, but for less than 1 %. Missing: not known. */
  readonly unusedCores?: readonly CoreId[]
  /** Missing: it has none, or they are not known. */
  readonly gpus?: readonly GpuUsage[]
}

/** Cumulative use of a GPU since the launch, by anybody. */
export interface GpuUsage {
  readonly index: GpuIndex
  /** For so long its use was known … */
  readonly knownSeconds: number
  /** … and so long of it something was executed there. */
  readonly usedSeconds: number
  /** Most bytes that were used at one look, of how many; null: its tool does not say. */
  readonly peakMemoryBytes: number | null
  readonly memoryBytes: number | null
}

/** What the application's threads did while attempts executed beside it, and while none did. */
export interface Interference {
  readonly beside: Exposure
  readonly alone: Exposure
}

/** Sums over intervals between looks: of the threads that were there at both ends, by the scheduler's own clock. */
export interface Exposure {
  readonly seconds: number
  readonly appCpuSeconds: number
  readonly appRunDelaySeconds: number
}

/** The application's own steps, timed beside attempts and alone; see `progress.ts`. */
export interface ProgressUsage {
  /** Signals of progress so far. */
  readonly steps: number
  readonly beside: StepTimes
  readonly alone: StepTimes
}

export interface StepTimes {
  /** So many stretches were timed (of the last 512). */
  readonly blocks: number
  /** Median of how long a step took in them; null: there were none. */
  readonly stepSeconds: number | null
}

/** By what a slowdown was measured: time that threads waited for a core, or the application's own steps. */
export type SlowdownMeasure = 'run-delay' | 'progress'

/** How much the application is slowed down at present, as far as it can be told. */
export interface SlowdownLook {
  /** 0.05: what took 1 s alone takes 1.05 s beside attempts; null: not measured lately. */
  readonly share: number | null
  readonly by: SlowdownMeasure
  /** What it was measured in began then; null when nothing was. */
  readonly since: number | null
  /** So long a pause of all attempts would tell how the application does alone; null: that is known. */
  readonly pauseSeconds: number | null
}

/** odop holds itself back on a node, whatever is free there; see `back-off.ts`. */
export interface HeldBack {
  /** Attempts may use so many cores. */
  readonly allowedCores: number
  /** As a user should read it. */
  readonly reason: string
  /** Until then at least, milliseconds since the epoch; missing: not known. */
  readonly until?: number
}

/** What an agent saw at one look, and all that `schedule` knows about the present. */
export interface Snapshot {
  readonly nodes: readonly NodeSnapshot[]
  /** Seconds until the job's time limit; null: none is known. */
  readonly remainingSeconds: number | null
  /** Tasks of whose files some are not complete yet, or whose folders have not been looked at yet. Missing: of none it is known. */
  readonly incoming?: ReadonlySet<TaskName>
  /** What a policy of the user's own wants to start. Missing or null: the policy of the settings decides. */
  readonly proposed?: readonly PolicyPlacement[] | null
}

export interface NodeSnapshot {
  readonly node: NodeName
  readonly cores: readonly CoreState[]
  /** Memory that attempts may still take: free for the allocation, less the reserve; below 0 where that is touched. */
  readonly availableMemoryBytes: number
  readonly attempts: readonly AttemptSample[]
  /** Missing or null: nothing is known. */
  readonly slowdown?: SlowdownLook | null
  /** Share of the last second in which some process was kept waiting for I/O. Missing or null: unknown. */
  readonly ioPressure?: number | null
  /** Missing or null: odop does not. */
  readonly heldBack?: HeldBack | null
  /** As `gpus.ts` judges them; missing: there are none, or nothing is known yet. */
  readonly gpus?: readonly GpuState[]
}

/**
 * A GPU of the allocation.
 *
 * - `idle`: nobody but attempts has used it for long enough; an attempt may start on it, or keeps it
 * - `busy`: the application uses it, or may; an attempt that has it gives it back
 */
export interface GpuState {
  readonly index: GpuIndex
  readonly judged: 'idle' | 'busy'
}

/**
 * A core as `idle.ts` judges it.
 *
 * - `idle`: foreign use was under the threshold for long enough; attempts may start
 * - `shared`: used in bursts; an attempt may start where the kernel preempts it at once, after all idle cores are taken
 * - `busy`: nothing starts here; where the kernel does not preempt for us, what runs here is suspended
 */
export interface CoreState {
  readonly core: CoreId
  /** Share of the core that was used by anything but odop's attempts, over the last look. */
  readonly foreignShare: number
  readonly judged: 'idle' | 'shared' | 'busy'
  /** For how long, without a break, an attempt on it would have got next to nothing; missing: it would have. */
  readonly busySeconds?: number
}

export interface AttemptSample {
  readonly attempt: AttemptId
  readonly cpuSeconds: number
  readonly memoryBytes: number
  /** Bytes that it has written to disks on this node; missing: it has no disk limit, or the kernel does not say. */
  readonly writtenBytes?: number
  /** The most that all attempts together could have had at any look since it began; missing: unknown. */
  readonly mostRoomBytes?: number
}

/** Settings that decisions depend on; every one has a default in `config.ts`. */
export interface Settings {
  /** The name of a policy, or the absolute path of the module of a user's own. */
  readonly policy: string
  /** At most so many cores per node for attempts; null: no limit. */
  readonly maxCpus: number | null
  /** Foreign use under which a core counts as idle, as a share. */
  readonly idleThreshold: number
  readonly memoryReserveBytes: number
  readonly retries: number
  readonly retryDelaySeconds: number
  /** Time between SIGTERM and SIGKILL for an attempt. */
  readonly graceSeconds: number
  /** Over this slowdown of the application odop backs off, a share; null: it is only measured. */
  readonly maxSlowdown: number | null
  /** At most so many `ioBound` and `networkBound` attempts on a node at the same time. */
  readonly maxIoBound: number
  readonly maxNetworkBound: number
}
