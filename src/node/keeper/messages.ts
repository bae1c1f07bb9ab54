import type { AttemptId, FilePath } from '../../core/model.ts'
import type { AttemptSpec } from '../agent.ts'

/** A runner, as supervisor and keeper call it; counted up, never used again. */
export type RunnerId = number

export type ToKeeper =
  | { readonly type: 'start-runner'; readonly runner: RunnerId; readonly start: RunnerStart }
  | { readonly type: 'to-runner'; readonly runner: RunnerId; readonly message: ToRunner }
  /** SIGKILL to the runner and to all that it started. */
  | { readonly type: 'end-runner'; readonly runner: RunnerId }

/** The word for a runner that leads a session of its own, see `settle`. */
export const OWN_SESSION = 'own-session'

/** What attempts to come will need: loaded while the runner waits for them. */
export interface RunnerNeeds {
  readonly modules: readonly string[]
  /** The working directory in which they are loaded. */
  readonly cwd: string
  /** Some of them execute commands. */
  readonly commands: boolean
}

/** What must be known when a runner starts. */
export interface RunnerStart {
  /** Where stdout and stderr go when the runner cannot point them elsewhere itself (without native calls). */
  readonly logFile: string | null
  /** Where it runs when it cannot pin itself. */
  readonly cores: readonly number[]
  readonly ownSession: boolean
}

export type FromKeeper =
  | { readonly type: 'runner-started'; readonly runner: RunnerId; readonly pid: number }
  | { readonly type: 'from-runner'; readonly runner: RunnerId; readonly message: FromRunner }
  /** The runner and all that it started are gone. */
  | {
      readonly type: 'runner-ended'
      readonly runner: RunnerId
      /** As a user should read it: "the runner exited with code 1", "killed by SIGSEGV". */
      readonly how: string
      /** Used by the runner and its descendants since it was started. */
      readonly cpuSeconds: number
    }

export type ToRunner =
  | { readonly type: 'attempt'; readonly spec: AttemptSpec }
  | { readonly type: 'preload'; readonly needs: RunnerNeeds }
  /** To begin when what it has is over, in this order, on the same cores. `handed` counts these messages. */
  | { readonly type: 'follow'; readonly specs: readonly AttemptSpec[]; readonly handed: number }
  /** What runs now and what follows it goes on on these cores. */
  | { readonly type: 'move'; readonly cores: readonly number[] }
  /** Nothing more begins, whatever was handed over. */
  | { readonly type: 'abort'; readonly attempt: AttemptId }

export type FromRunner =
  /** Its process group and priorities are set: signals reach it as a group, and an attempt begins as soon as it is sent. */
  | { readonly type: 'ready' }
  /** Ends of attempts that came close together, and how many messages with followers had arrived at the last one. */
  | { readonly type: 'ended'; readonly ends: readonly AttemptEnd[]; readonly handed: number }
  /** How far an attempt says that it is. */
  | {
      readonly type: 'progress'
      readonly attempt: AttemptId
      readonly fraction: number
      readonly text: string | null
    }

export interface AttemptEnd {
  readonly attempt: AttemptId
  readonly at: number
  readonly failure: string | null
  /** See `AttemptReport`. */
  readonly result?: unknown
  readonly outputs?: readonly FilePath[]
  readonly upToDate?: true
  /** With the time in which it was suspended: the runner cannot know of that. */
  readonly wallSeconds: number
  readonly cpuSeconds: number
  /** Since the start of the runner. */
  readonly runnerCpuSeconds: number
  readonly peakMemoryBytes: number
  /** false: the runner must be ended before anything is reported; it, or something that it started, is out of hand. */
  readonly reusable: boolean
  /** What it begins now in its place; null: nothing. */
  readonly next: AttemptId | null
}
