import type {
  AttemptId,
  AttemptUsage,
  CoreId,
  FilePath,
  Gpu,
  NodeUsage,
  PlacementPart,
  TaskDefinition,
} from '../core/model.ts'
import type { RunnerNeeds } from './keeper/messages.ts'

/**
 * odop's part on one node: the only one that reads `/proc` and starts attempts. The supervisor holds one for its own
 * node; the same interface stands for an agent behind a channel.
 */
export interface Agent {
  /** There will be attempts: runners are kept ready from now on. */
  prepare(): void
  /** Such attempts: runners that wait load what they need meanwhile. */
  preload(needs: RunnerNeeds): void
  /** Starts an attempt in a runner; what becomes of it comes as reports. */
  start(spec: AttemptSpec): void
  /**
   * Hands attempts to the runner of a running one: they begin there one after the other when it has ended, on its cores.
   * False: that runner takes nothing any more.
   */
  follow(lead: AttemptId, specs: readonly AttemptSpec[]): boolean
  /** SIGSTOP to the attempt's process group. */
  suspend(attempt: AttemptId): void
  /** SIGCONT to the attempt's process group. */
  resume(attempt: AttemptId): void
  /** Pins the attempt and all it started to other cores. False: it has just ended, or this node has no means to. */
  move(attempt: AttemptId, cores: readonly CoreId[]): boolean
  /**
   * SIGCONT and SIGTERM (the function's `signal` aborts), after the grace SIGKILL, to the attempt and all it started.
   * Without a grace SIGKILL at once, also to one that is in its grace.
   */
  terminate(attempt: AttemptId, graceSeconds: number): void
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
  /** Of a task that comes after another: what that returned. Missing: it does not. */
  readonly result?: unknown
  /** Where it keeps what outlives it: a folder, or a file in it; missing: the task does not. */
  readonly checkpoint?: { readonly folder: string; readonly file: string | null }
  /** Other tasks come after this one: what its function returns is reported. */
  readonly keepsResult?: true
  readonly node: string
  readonly cores: readonly CoreId[]
  /** Those of the placement; missing: none, and none can be seen. */
  readonly gpus?: readonly Gpu[]
  /** Further nodes of an MPI task; missing: there are none. */
  readonly others?: readonly PlacementPart[]
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
      /** What its function returned, as JSON; missing: nobody asked for it, or there is none. */
      readonly result?: unknown
      /** What it has written, absolute; missing: nobody asked for it, or the task does not say it. */
      readonly outputs?: readonly FilePath[]
      /** Nothing was executed, because that was all there. */
      readonly upToDate?: true
      /** What has begun in its runner in the same moment; null: nothing. */
      readonly next: AttemptId | null
      /** The kernel has ended it, or a process of it, because memory had ended. */
      readonly forMemory?: true
      /**
       * Whose failure it is. `attempt`: its own. `unclear`: its runner died with others in its hands, any of which may have
       * begun. `agent`: odop has lost the node that it ran on.
       */
      readonly fault: 'attempt' | 'unclear' | 'agent'
    }
  /** How far it says that it is: a share from 0 to 1. */
  | {
      readonly type: 'progress'
      readonly attempt: AttemptId
      readonly fraction: number
      readonly text: string | null
    }
  /** What was to follow this attempt will not begin: comes after its end. */
  | { readonly type: 'returned'; readonly lead: AttemptId }

/** What a node has used up to a moment. */
export interface NodeMeasurement {
  /** ms since the epoch. */
  readonly at: number
  readonly usage: NodeUsage
  /** How long each core was used by anything, in the order of the node's cores. */
  readonly busySeconds: readonly number[]
  readonly memoryBytes: { readonly app: number; readonly tasks: number; readonly odop: number }
  /** Used by anybody at the last look, in the order of `usage.gpus`; null: it is not known yet which GPUs there are. */
  readonly gpuMemoryBytes: readonly (number | null)[] | null
  /** See `Sampler.outsideSeconds`. */
  readonly outsideSeconds: number | null
}
