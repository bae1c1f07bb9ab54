import type { LaunchStarted } from './events.ts'
import type { Layout } from './layout.ts'
import type {
  AttemptId,
  CoreId,
  FilePath,
  ItemId,
  NodeFacts,
  NodeName,
  NodeUsage,
  Placement,
  ProgressUsage,
  Settings,
  TaskDefinition,
  TaskName,
  WorkItem,
} from './model.ts'
import type { Waits } from './waits.ts'

/**
 * A run as its events tell it. Only `apply` and `markTerminating` change it; everybody else takes a `RunView`.
 * Items and their counts are those of the whole run; nodes, usage, notes and times those of the last launch.
 */
export interface RunState {
  /** null: nothing was launched yet. */
  launch: LaunchStarted | null
  launches: number
  /** Those of the last launch. */
  settings: Settings
  launchEndedAt: number | null
  application: ApplicationState | null
  readonly tasks: Map<TaskName, TaskState>
  /** Items that are pending or running. What has ended is only counted: a run may last for days. */
  readonly items: Map<ItemId, ItemState>
  /** How many of `items` are pending, those that wait for a retry included. */
  pendingCount: number
  readonly running: Map<AttemptId, RunningAttempt>
  /** Attempts that were started in this run, by which turns are counted. */
  starts: number
  /** On which node the last of them was; null: there was none. */
  lastNode: NodeName | null
  /** Attempts that the engine has been told to end; they hold their cores until they have ended. */
  readonly terminating: Set<AttemptId>
  /** By the running attempt behind which they wait in its runner. A mark, as `terminating` is. */
  readonly following: Map<AttemptId, Following>
  /** Items that were in the hands of one runner when it died, so that the guilty one shows: each runs by itself. */
  readonly alone: Set<ItemId>
  readonly nodes: Map<NodeName, NodeFacts>
  readonly layouts: Map<NodeName, Layout>
  readonly loads: Map<NodeName, NodeLoad>
  /** The last measurement of each node. */
  readonly usage: Map<NodeName, NodeUsage>
  /** The application's own steps; null: it told of none. */
  progress: ProgressUsage | null
  /** When and how often the user wanted no tasks in this launch. */
  pause: Pause
  readonly notes: Note[]
  readonly refusals: Refusal[]
  /** Files that were added to the run's tasks, in any of its launches. */
  readonly addedFiles: Set<string>
  /** Tasks that were removed from the run: whatever of them comes to be pending is cancelled. */
  readonly removed: Set<TaskName>
}

export interface ApplicationState {
  /** null: it could not be started. */
  readonly pid: number | null
  readonly startedAt: number
  endedAt: number | null
  code: number | null
  signal: string | null
}

export interface Pause {
  /** Closed pauses; one that still lasts began at `since`. */
  readonly seconds: number
  /** null: harvesting is not paused. */
  readonly since: number | null
  readonly times: number
}

export interface TaskState {
  readonly name: TaskName
  /** null: the last launch does not define this task; what is pending stays so. */
  definition: TaskDefinition | null
  /** Items of this task that are pending, in whatever way. */
  pendingCount: number
  /** A heap of pending items, see `queue.ts`: also holds some that are not pending any more. */
  readonly queue: ItemState[]
  /** The same for items that are bound to a node, by node. */
  readonly bound: Map<NodeName, BoundItems>
  /** The `maxRuns` by which the queues were made. */
  queueLimit: number | null
  readonly running: Set<AttemptId>
  /** Items that follow, see `ItemState.follows`. */
  followingCount: number
  /** Items queued in this run so far; the next one is `TASK#(queued + 1)`. */
  queued: number
  /** Items by how they ended. */
  readonly ended: { completed: number; failed: number; timeout: number; cancelled: number }
  /** Of those that completed: without anything being executed, because their outputs were there. */
  upToDate: number
  /** Attempts that were started. */
  attempts: number
  wallSeconds: number
  cpuSeconds: number
  peakMemoryBytes: number
  /** How long an attempt takes, from those that completed lately; null: none did. */
  typicalSeconds: number | null
  /** Items whose last attempt was ended because memory was short, with what it had used, until they have ended. */
  readonly memoryUsed: Map<ItemId, number>
  /** From `queuedAt` to the first start. */
  readonly waits: Waits
  lastStartedAt: number | null
  /** Which of the run's starts was its last one; 0: none was. */
  lastTurn: number
  /** Files that have an item in this run, for `file-updated` the last version of each, as `seenKey` names them. */
  readonly seen: Set<string>
  /** Tasks that come after this one, also those that the last launch does not define. */
  readonly successors: Set<TaskName>
  /** What has completed of the task that this one comes after, and has no item of this one yet. */
  readonly completions: Map<ItemId, Completion>
  /** For `file-updated`: file → its entry in `seen`. */
  readonly lastVersions: Map<string, string>
}

/** What a completed item leaves to the tasks that come after its own. */
export interface Completion {
  readonly item: ItemId
  /** What its function returned, as JSON; null for a command. */
  readonly result: unknown
  readonly files: readonly FilePath[]
  /** To which it was bound, as its files are; null: to none. */
  readonly node: NodeName | null
}

/** Items of a task that can start on one node only. */
export interface BoundItems {
  /** As `TaskState.queue`. */
  readonly queue: ItemState[]
  pendingCount: number
  /** When an attempt at one of them was last started. */
  lastStartedAt: number | null
  /** As `TaskState.lastTurn`. */
  lastTurn: number
}

/** A work item and how far it is. Replaced, not changed, whenever it moves: see `queue.ts`. */
export interface ItemState extends WorkItem {
  readonly node: NodeName | null
  /** Of a task that comes after another: what the completed item has left; null: it does not, or nothing is known of it. */
  readonly completion: Completion | null
  /** The N of its id. */
  readonly number: number
  /** When it may start or could have started first: orders the queue. In the future while it waits for a retry. */
  readonly readyAt: number
  /** Attempts that failed or timed out. */
  readonly failures: number
  /** Attempts that were started. */
  readonly attempts: number
  /** null: it is pending, or follows. */
  readonly runningAs: AttemptId | null
  /** Those with which it waits in a runner, to start there without a decision; null: it does not. */
  readonly follows: Following | null
}

/** Items in the hands of a runner. */
export interface Following {
  /** What executes there now. */
  lead: AttemptId
  /** The next one first. */
  readonly items: ItemId[]
  /** How long all of them may take together. */
  expectedSeconds: number
}

export interface RunningAttempt {
  readonly attempt: AttemptId
  readonly item: ItemId
  readonly task: TaskName
  /** The definition that it was started with: its limits hold, whatever is defined later. */
  readonly definition: TaskDefinition | null
  placement: Placement
  readonly startedAt: number
  /** When it last got other cores than it started on; null: never. */
  movedAt: number | null
  /** Closed suspensions; one that still lasts began at `suspendedSince`. */
  suspendedSeconds: number
  suspendedSince: number | null
  /** Its memory limit, or what it is known to need: kept for it even while it uses less. */
  readonly reservedMemoryBytes: number
}

/** What attempts hold of a node, suspended ones and those that are being ended included. */
export interface NodeLoad {
  readonly cores: Map<CoreId, AttemptId>
  readonly attempts: Map<AttemptId, RunningAttempt>
}

export interface Note {
  readonly at: number
  readonly level: 'info' | 'warning'
  readonly text: string
  readonly node: NodeName | null
}

export interface Refusal {
  readonly file: string
  readonly problem: string
}

/** The same data, for those who only read it. */
export type View<T> =
  T extends ReadonlyMap<infer K, infer V>
    ? ReadonlyMap<K, View<V>>
    : T extends ReadonlySet<infer E>
      ? ReadonlySet<E>
      : T extends object
        ? { readonly [K in keyof T]: View<T[K]> }
        : T

export type RunView = View<RunState>

/** Holds until the first launch says what its settings are; the same as the defaults. */
const BEFORE_LAUNCH: Settings = {
  policy: 'priority',
  maxCpus: null,
  idleThreshold: 0.1,
  memoryReserveBytes: 0,
  retries: 3,
  retryDelaySeconds: 60,
  graceSeconds: 10,
  maxIoBound: 1,
  maxNetworkBound: 1,
  maxSlowdown: null,
}

export const NEVER_PAUSED: Pause = { seconds: 0, since: null, times: 0 }

export function newState(): RunState {
  return {
    launch: null,
    launches: 0,
    settings: BEFORE_LAUNCH,
    launchEndedAt: null,
    application: null,
    tasks: new Map(),
    items: new Map(),
    pendingCount: 0,
    running: new Map(),
    starts: 0,
    lastNode: null,
    terminating: new Set(),
    following: new Map(),
    alone: new Set(),
    nodes: new Map(),
    layouts: new Map(),
    loads: new Map(),
    usage: new Map(),
    progress: null,
    pause: NEVER_PAUSED,
    notes: [],
    refusals: [],
    addedFiles: new Set(),
    removed: new Set(),
  }
}

export function applicationRuns({ application }: RunView): boolean {
  return application !== null && application.endedAt === null
}

export function isPaused({ pause }: RunView): boolean {
  return pause.since !== null
}

/** For how long harvesting was paused in this launch. */
export function pausedSeconds({ pause, launchEndedAt }: RunView, now: number): number {
  const until = launchEndedAt ?? now
  return pause.seconds + (pause.since === null ? 0 : Math.max(0, until - pause.since) / 1000)
}

const NONE: ReadonlySet<string> = new Set()

/** What of a task's inputs has an item already: `TriggerContext.seen`. Grows as items are queued. */
export function seenFiles(state: RunView, task: TaskName): ReadonlySet<string> {
  return state.tasks.get(task)?.seen ?? NONE
}

/** Items of a task that have not ended: what the summary calls `left`. */
export function itemsLeft(task: View<TaskState>): number {
  return task.pendingCount + task.followingCount + task.running.size
}

/** Running time of an attempt without its suspensions: what its time limit is about. */
export function activeSeconds(attempt: View<RunningAttempt>, now: number): number {
  const suspendedNow = attempt.suspendedSince === null ? 0 : (now - attempt.suspendedSince) / 1000
  return (now - attempt.startedAt) / 1000 - attempt.suspendedSeconds - suspendedNow
}
