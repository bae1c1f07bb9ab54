import type {
  AttemptId,
  AttemptUsage,
  CoreId,
  FilePath,
  NodeFacts,
  NodeSnapshot,
  NodeUsage,
  TaskDefinition,
} from '../core/model.ts'

/**
 * odop's part on one node: the only one that reads `/proc` and starts attempts. The supervisor holds one for its own
 * node; the same interface stands for an agent behind a channel.
 */
export interface Agent {
  readonly facts: NodeFacts
  /** Starts an attempt in a runner; what becomes of it comes as reports. */
  start(spec: AttemptSpec): void
  /** SIGSTOP to the attempt's process group. */
  suspend(attempt: AttemptId): void
  /** SIGCONT to the attempt's process group. */
  resume(attempt: AttemptId): void
  /** SIGCONT and SIGTERM (the function's `signal` aborts), after the grace SIGKILL, to the attempt and all it started. */
  terminate(attempt: AttemptId, graceSeconds: number): void
  /** One look at the node. Cheap; never waits. */
  sample(): NodeSnapshot
  /** Cumulative use since the agent was started; `full`: with a look at every process first, so that nothing is missing. */
  usage(options: { readonly full: boolean }): NodeUsage
  /** Ends every runner and everything that they started, and resolves when nothing is left. */
  close(): Promise<void>
}

/** All that a runner needs to execute one attempt. */
export interface AttemptSpec {
  readonly attempt: AttemptId
  /** 1 for the first attempt at the item. */
  readonly number: number
  readonly task: TaskDefinition
  readonly files: readonly FilePath[]
  readonly node: string
  readonly cores: readonly CoreId[]
  /** The run's name and folder. */
  readonly run: { readonly name: string; readonly folder: string }
  /** stdout and stderr of the attempt are appended here; its folder exists. */
  readonly logFile: string
  /** A private temporary folder: made when the attempt first asks for it, removed after the attempt. */
  readonly scratch: string
  /** Working directory: absolute. */
  readonly cwd: string
}

/** What an agent reports of an attempt. */
export type AttemptReport =
  | { readonly type: 'began'; readonly attempt: AttemptId; readonly at: number }
  | {
      readonly type: 'ended'
      readonly attempt: AttemptId
      readonly at: number
      /** null: it completed; otherwise why it did not, as a user should read it ("exit code 3", "killed by SIGSEGV", "TypeError: …"). */
      readonly failure: string | null
      readonly usage: AttemptUsage
    }
