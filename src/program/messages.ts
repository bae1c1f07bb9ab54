import type { Summary } from '../views/summary-schema.ts'

/** The variables of its environment, its folder and its command line are the application's. */
export interface StartRequest {
  readonly pid: number
  readonly mode: 'run' | 'monitor'
  readonly command: readonly string[]
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What the program gave to `start()`, as JSON could carry it: nothing of it is checked yet. */
  readonly options: unknown
}

/** Tasks to add to a run. */
export type Addition =
  /** A folder or a module: absolute. */
  | { readonly place: string }
  /** The source of a module that defines a task, and the name that the task has unless its options give one. */
  | { readonly source: string }

/** From the program to its supervisor, one JSON document a line. The end of the channel is the end of the program. */
export type ToSupervisor =
  | { readonly type: 'start'; readonly request: StartRequest }
  | { readonly type: 'add'; readonly id: number; readonly addition: Addition }
  | { readonly type: 'stop' }
  /** The program exits in good order; one that is killed can't say so. */
  | { readonly type: 'exit'; readonly code: number }

/** What `add()` resolves to. */
export interface Added {
  /** Names of the tasks that were added. */
  readonly tasks: readonly string[]
  /** What could not be added, and why; empty: nothing was wrong. */
  readonly problems: readonly string[]
}

export type FromSupervisor =
  /** `start()` was called in a wrong way: nothing was started. */
  | { readonly type: 'refused'; readonly problem: string }
  | { readonly type: 'warning'; readonly text: string }
  /** `problem`: why only measurements are made; null: there is none. */
  | {
      readonly type: 'ready'
      readonly name: string
      readonly folder: string | null
      readonly problem: string | null
    }
  | { readonly type: 'added'; readonly id: number; readonly added: Added }
  | { readonly type: 'stopped'; readonly summary: Summary | null }

/** The channel's descriptor in the supervisor. */
export const CHANNEL_FD = 3

/** Reads the lines of one side; what is no JSON is passed over. */
export function lineReader<T>(receive: (message: T) => void): (data: string) => void {
  let rest = ''
  return data => {
    const lines = (rest + data).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const message = parsed(line)
      if (message !== null) receive(message as T)
    }
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}
