import type { CoreId, FilePath, ItemId, NodeName, TaskName } from '../model.ts'

/**
 * What a policy of the user's own is asked, and what it answers. Plain data, as all of `model.ts`: it goes to another process.
 * Part of the public interface.
 */
export interface PolicyQuestion {
  /** Items that could start now, in the order of the queue: the first ones of each task, at most 1,000 together. */
  readonly items: readonly PolicyItem[]
  /** Nodes that have free cores, at most 256. */
  readonly nodes: readonly PolicyNode[]
  /** All tasks of which something is pending or runs. */
  readonly tasks: readonly PolicyTask[]
  /** Milliseconds since the epoch. */
  readonly now: number
}

export interface PolicyItem {
  /** `TASK#N` */
  readonly id: ItemId
  readonly task: TaskName
  readonly priority: number
  /** Cores that it takes of a node; `all`: as many as the node's `cores`; `any`: 1 at least, all that are idle unless you choose. */
  readonly cpus: number | 'all' | 'any'
  /** GPUs that it takes of a node; missing: none. */
  readonly gpus?: number | 'all'
  /** How many ranks it has: it may need several nodes; 0: that depends on where it is placed. null: it is no MPI program. */
  readonly ranks: number | null
  /** What is reserved for it; null: nothing. */
  readonly memoryBytes: number | null
  /** Its time limit; null: none. */
  readonly timeSeconds: number | null
  readonly ioBound: boolean
  readonly networkBound: boolean
  /** Milliseconds since the epoch. */
  readonly queuedAt: number
  /** Attempts that were started already, and those of them that failed. */
  readonly attempts: number
  readonly failures: number
  /** The first eight. */
  readonly files: readonly FilePath[]
  /** The only node on which it can start; null: any. */
  readonly node: NodeName | null
}

export interface PolicyNode {
  readonly name: NodeName
  /** Cores that may be given away now. */
  readonly freeCores: readonly CoreId[]
  /** So many of them at most. */
  readonly mostCores: number
  /** All that an attempt may have there: what an item takes that asks for `all`. */
  readonly cores: number
  /** That may be reserved now. */
  readonly memoryBytes: number
  /** How many are idle, and no attempt has them; missing: there are no GPUs, or they are not known yet. */
  readonly idleGpus?: number
}

export interface PolicyTask {
  readonly name: TaskName
  readonly pending: number
  readonly running: number
  /** Milliseconds since the epoch; null: nothing of it was started yet. */
  readonly lastStartedAt: number | null
}

/** What is to start. Earlier ones go first; what has no room is passed over. */
export interface PolicyPlacement {
  readonly item: ItemId
  /** Missing: odop finds one, as `priority` does. */
  readonly node?: NodeName | undefined
  /** As many as it needs (of `any` one or more), free ones of `node`. Missing: odop chooses. */
  readonly cores?: readonly CoreId[] | undefined
}

/** Pure: the same question always gets the same answer, and nothing else happens. */
export type PolicyFunction = (question: PolicyQuestion) => readonly PolicyPlacement[]
