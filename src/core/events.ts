import type {
  AttemptId,
  AttemptOutcome,
  AttemptUsage,
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

/**
 * What happened. Events are the only truth: the journal keeps them, `fold` makes the state of them, and every view
 * reads that state. An event is never changed after it was made. Every member is journalled.
 */
export type OdopEvent =
  | LaunchStarted
  | NodeJoined
  | TaskDefined
  | TasksAdded
  | TaskRemoved
  | TaskRefused
  | ApplicationStarted
  | ApplicationEnded
  | ItemQueued
  | ItemCancelled
  | ItemCompleted
  | AttemptStarted
  | AttemptSuspended
  | AttemptResumed
  | AttemptMoved
  | AttemptEnded
  | UsageMeasured
  | ProgressMeasured
  | HarvestPaused
  | HarvestResumed
  | Noted
  | LaunchEnded

/** A supervisor took over this run. What an earlier launch left running is pending again from here on. */
export interface LaunchStarted {
  readonly type: 'launch-started'
  readonly at: number
  readonly run: string
  readonly command: readonly string[]
  readonly cwd: string
  readonly host: string
  readonly pid: number
  readonly version: string
  readonly settings: Settings
  /** `run` wraps an application, `drain` works off what is left, `monitor` only measures. */
  readonly mode: 'run' | 'drain' | 'monitor'
  /** Absolute task folders. */
  readonly taskFolders: readonly string[]
}

export interface NodeJoined {
  readonly type: 'node-joined'
  readonly at: number
  readonly facts: NodeFacts
}

export interface TaskDefined {
  readonly type: 'task-defined'
  readonly at: number
  readonly task: TaskDefinition
}

/** `odop tasks add`: files that this launch and later ones load besides the task folders. */
export interface TasksAdded {
  readonly type: 'tasks-added'
  readonly at: number
  /** Absolute. */
  readonly files: readonly string[]
  /** What they define: none of them counts as removed any more. */
  readonly tasks: readonly TaskName[]
}

/**
 * `odop tasks remove`: this launch and later ones do not have the task. What of it is pending, or comes to be so, is cancelled; what
 * runs goes on to its end.
 */
export interface TaskRemoved {
  readonly type: 'task-removed'
  readonly at: number
  readonly task: TaskName
}

/** A task or a whole module that can't be used, and why; the application is not affected. */
export interface TaskRefused {
  readonly type: 'task-refused'
  readonly at: number
  readonly file: string
  readonly problem: string
}

export interface ApplicationStarted {
  readonly type: 'application-started'
  readonly at: number
  /** null: it could not be started. */
  readonly pid: number | null
}

export interface ApplicationEnded {
  readonly type: 'application-ended'
  readonly at: number
  readonly code: number | null
  readonly signal: string | null
}

export interface ItemQueued {
  readonly type: 'item-queued'
  readonly at: number
  readonly item: WorkItem
}

/** A pending item will not be tried any more. A running one ends with an `attempt-ended` of outcome `cancelled`. */
export interface ItemCancelled {
  readonly type: 'item-cancelled'
  readonly at: number
  readonly item: ItemId
  readonly reason: string
}

/** A pending item had nothing to do: all that it writes was there, and newer than its files. No attempt was made. */
export interface ItemCompleted {
  readonly type: 'item-completed'
  readonly at: number
  readonly item: ItemId
  readonly outputs: readonly FilePath[]
}

export interface AttemptStarted {
  readonly type: 'attempt-started'
  readonly at: number
  readonly attempt: AttemptId
  readonly item: ItemId
  readonly task: TaskName
  readonly placement: Placement
}

export interface AttemptSuspended {
  readonly type: 'attempt-suspended'
  readonly at: number
  readonly attempt: AttemptId
  readonly reason: string
}

export interface AttemptResumed {
  readonly type: 'attempt-resumed'
  readonly at: number
  readonly attempt: AttemptId
}

/** The application uses its cores, or some of them, and others of the same node are idle: it goes on there. */
export interface AttemptMoved {
  readonly type: 'attempt-moved'
  readonly at: number
  readonly attempt: AttemptId
  readonly placement: Placement
}

export interface AttemptEnded {
  readonly type: 'attempt-ended'
  readonly at: number
  readonly attempt: AttemptId
  readonly item: ItemId
  readonly task: TaskName
  readonly outcome: AttemptOutcome
  /** Why it did not complete, as a user should read it; null when it completed. */
  readonly reason: string | null
  readonly usage: AttemptUsage
  /** The item is pending again, but not before this time; null: it is not retried, or at once (`requeued`). */
  readonly retryAt: number | null
  /** It was ended because memory was short: its item waits until as much is available as it had used. */
  readonly forMemory?: true
  /** What the function returned, as JSON; missing: no task comes after this one, or it did not complete. */
  readonly result?: unknown
  /** What it has written, absolute; missing: no task comes after this one, the task does not say it, or it did not complete. */
  readonly outputs?: readonly FilePath[]
  /** Nothing was executed: all that the item writes was there, and newer than its files. */
  readonly upToDate?: true
}

/** Cumulative since the launch: a reader needs only the last one of each node. */
export interface UsageMeasured {
  readonly type: 'usage'
  readonly at: number
  readonly usage: NodeUsage
}

/** The application told of its steps. Cumulative since the launch: a reader needs only the last one. */
export interface ProgressMeasured {
  readonly type: 'progress'
  readonly at: number
  readonly progress: ProgressUsage
}

/** The user wants no tasks for a while: nothing starts, and what runs is suspended. */
export interface HarvestPaused {
  readonly type: 'harvest-paused'
  readonly at: number
}

/** The user wants them again, or there is no application any more that they could disturb. */
export interface HarvestResumed {
  readonly type: 'harvest-resumed'
  readonly at: number
}

/** Something a user should know; `warning` is also said on stderr when it happens. */
export interface Noted {
  readonly type: 'note'
  readonly at: number
  readonly level: 'info' | 'warning'
  readonly text: string
  readonly node?: NodeName
}

export interface LaunchEnded {
  readonly type: 'launch-ended'
  readonly at: number
}
