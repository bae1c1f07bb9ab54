import type {
  AttemptId,
  CoreId,
  FilePath,
  NodeFacts,
  Settings,
  TaskDefinition,
  TaskName,
} from '../core/model.ts'
import type { AttemptReport, AttemptSpec, NodeMeasurement } from '../node/agent.ts'
import type { RunnerNeeds } from '../node/keeper/messages.ts'
import type { SentLook } from './look.ts'

/** Of the messages below: agents and supervisor must speak the same one. */
export const PROTOCOL = 2

/** What the supervisor tells an agent. */
export type ToAgent =
  | { readonly type: 'begin'; readonly protocol: number; readonly options: AgentOptions }
  | { readonly type: 'prepare' }
  | { readonly type: 'preload'; readonly needs: RunnerNeeds }
  | { readonly type: 'start'; readonly spec: AttemptSpec }
  | { readonly type: 'follow'; readonly lead: AttemptId; readonly specs: readonly AttemptSpec[] }
  | { readonly type: 'suspend' | 'resume'; readonly attempt: AttemptId }
  | { readonly type: 'move'; readonly attempt: AttemptId; readonly cores: readonly CoreId[] }
  | { readonly type: 'terminate'; readonly attempt: AttemptId; readonly graceSeconds: number }
  /** Whether there is work: how often the agent looks. */
  | { readonly type: 'pace'; readonly milliseconds: number }
  | { readonly type: 'measure'; readonly id: number; readonly full: boolean }
  /** Watches for the files of a task on its node, until it closes. */
  | { readonly type: 'watch'; readonly watch: Watch }
  /** To look at all that it watches once more, and to say when all that is complete there has fired. */
  | { readonly type: 'flush'; readonly id: number }
  /** The application has ended: there is nobody to leave cores to. */
  | { readonly type: 'application-ended' }
  /** The supervisor lives. */
  | { readonly type: 'beat' }
  | { readonly type: 'close' }

/** A task whose files are another node's on each node. */
export interface Watch {
  readonly task: TaskDefinition
  /** Relative folders are below this one. */
  readonly cwd: string
}

/**
 * Files that are complete on an agent's node: each once, also when it has a work item already, which only the supervisor
 * knows. With a version it is one file.
 */
export interface FoundFiles {
  readonly task: TaskName
  readonly files: readonly FilePath[]
  /** As `WorkItem.version`. */
  readonly version: string | null
}

/** What only the supervisor knows when an agent begins. */
export interface AgentOptions {
  readonly settings: Settings
  /** Of attempts: that of the supervisor, not of the step that the agents are in. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly excludeCores: readonly CoreId[]
  readonly reserveCores: number
  /** Of the allocation on each node, in place of what is set for all; null: a share, see `memoryReserveShare`. */
  readonly memoryReserveBytes: number | null
  readonly memoryReserveShare: number
  /** Of the job on this node, as Slurm says it; null: it does not. */
  readonly memoryBytes: number | null
  /** The job's ids, whose processes on the node are the application's; empty: what it is can't be told there. */
  readonly jobs: readonly string[]
  /** See `SamplerOptions`. */
  readonly launchedSecondsAgo: number
}

/**
 * Why a node's facts are told: also when attempts have to be started anew in sessions of their own, and when it is known which GPUs
 * there are.
 */
export type JoinCause = 'begun' | 'yield' | 'session' | 'gpus'

/** What an agent tells the supervisor. */
export type FromAgent =
  | { readonly type: 'hello'; readonly protocol: number; readonly version: string; readonly pid: number }
  /** It has begun, or gives cores back in another way from now on. */
  | { readonly type: 'joined'; readonly facts: NodeFacts; readonly cause: JoinCause }
  /** Also what shows that the agent lives. */
  | { readonly type: 'look'; readonly look: SentLook }
  | { readonly type: 'report'; readonly report: AttemptReport }
  | { readonly type: 'measured'; readonly id: number; readonly measurement: NodeMeasurement }
  | { readonly type: 'fired'; readonly found: FoundFiles }
  | { readonly type: 'flushed'; readonly id: number }
  | { readonly type: 'warning'; readonly text: string }
  /** A signal that Slurm sends to all steps, such as SIGTERM at the time limit. */
  | { readonly type: 'signal'; readonly signal: string }
  | { readonly type: 'closed' }
