/**
 * What goes over `control.sock`: a request is one line of JSON, and each is answered by one line, in order. New requests
 * are new members of `ControlRequest`, read in `readRequest` and answered where the socket is opened.
 */
export type ControlRequest =
  | SignalRequest
  | { readonly type: 'pause' | 'resume' | 'look' | 'run' }
  | CancelRequest
  | ExplainRequest
  | WaitRequest
  | TasksAddRequest
  | TasksRemoveRequest

/** `odop signal RUN NAME [--file F…]` */
export interface SignalRequest {
  readonly type: 'signal'
  readonly name: string
  /** Absolute. */
  readonly files: readonly string[]
}

/** `odop cancel RUN ITEM` */
export interface CancelRequest {
  readonly type: 'cancel'
  /** A work item, or an attempt at it. */
  readonly item: string
}

/** Why pending work items of a task do not run now: with the last look at the nodes, which no journal holds. */
export interface ExplainRequest {
  readonly type: 'explain'
  readonly task: string
}

/** `odop wait RUN [--task NAME]`: answered when there is nothing left to do. */
export interface WaitRequest {
  readonly type: 'wait'
  /** null: for all tasks. */
  readonly task: string | null
}

/** `odop tasks add RUN FILE…` */
export interface TasksAddRequest {
  readonly type: 'tasks-add'
  /** Absolute. */
  readonly files: readonly string[]
}

/** `odop tasks remove RUN TASK` */
export interface TasksRemoveRequest {
  readonly type: 'tasks-remove'
  readonly task: string
  /** What of it runs is ended, too. */
  readonly now: boolean
}

/** What cores are used for between two measurements; the answer to `look`. */
export interface LiveLook {
  readonly at: number
  /** Empty where there are too many for frequent answers: they are in the metrics. */
  readonly nodes: readonly LiveNode[]
}

export interface LiveNode {
  readonly node: string
  /** A digit for each core of `NodeFacts.cores`: tenths that others than odop use of it. */
  readonly foreign: string
}

export type ControlReply =
  | {
      readonly ok: true
      /** To `look`. */
      readonly look?: LiveLook
      /** To `explain`. */
      readonly reasons?: readonly string[]
      /** To `run`: its name and its folder, null where nothing of it is kept. */
      readonly run?: string
      readonly folder?: string | null
      /** What was done, as a user should read it. */
      readonly text?: string
    }
  /** `again`: the same question may have an answer later. */
  | { readonly ok: false; readonly problem: string; readonly again?: true }

/** Longer lines are no requests: a few hundred files by name fit in. */
export const MOST_LINE_BYTES = 256 * 1024

/** Gives what is wrong with a line that is no request. */
export function readRequest(
  line: string,
): { readonly request: ControlRequest } | { readonly problem: string } {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return { problem: 'expected a line of JSON' }
  }
  const form = isObject(value) ? FORMS.find(({ type }) => type === value['type']) : undefined
  if (!isObject(value) || form === undefined) {
    const types = FORMS.map(({ type }) => `"${type}"`).join(', ')
    return { problem: `expected a request of type ${types}, got ${shortly(value)}` }
  }
  const request = form.read(value)
  return request === null ? { problem: `expected ${form.example}` } : { request }
}

interface Form {
  readonly type: ControlRequest['type']
  readonly example: string
  readonly read: (value: Readonly<Record<string, unknown>>) => ControlRequest | null
}

/** One for each type of request. */
const FORMS: readonly Form[] = [
  {
    type: 'signal',
    example: '{ "type": "signal", "name": "…", "files": ["…"] }',
    read: ({ name, files = [] }) =>
      typeof name === 'string' && isTexts(files) ? { type: 'signal', name, files } : null,
  },
  {
    type: 'explain',
    example: '{ "type": "explain", "task": "…" }',
    read: ({ task }) => (typeof task === 'string' ? { type: 'explain', task } : null),
  },
  { type: 'pause', example: '{ "type": "pause" }', read: () => ({ type: 'pause' }) },
  { type: 'resume', example: '{ "type": "resume" }', read: () => ({ type: 'resume' }) },
  { type: 'run', example: '{ "type": "run" }', read: () => ({ type: 'run' }) },
  {
    type: 'wait',
    example: '{ "type": "wait", "task": "…" }, or no task for all of them',
    read: ({ task = null }) => (task === null || typeof task === 'string' ? { type: 'wait', task } : null),
  },
  { type: 'look', example: '{ "type": "look" }', read: () => ({ type: 'look' }) },
  {
    type: 'cancel',
    example: '{ "type": "cancel", "item": "TASK#N" }',
    read: ({ item }) => (typeof item === 'string' ? { type: 'cancel', item } : null),
  },
  {
    type: 'tasks-add',
    example: '{ "type": "tasks-add", "files": ["…"] }',
    read: ({ files }) => (isTexts(files) ? { type: 'tasks-add', files } : null),
  },
  {
    type: 'tasks-remove',
    example: '{ "type": "tasks-remove", "task": "…", "now": false }',
    read: ({ task, now }) =>
      typeof task === 'string' && typeof now === 'boolean' ? { type: 'tasks-remove', task, now } : null,
  },
]

/** null: this is no reply of an odop. */
export function readReply(line: string): ControlReply | null {
  try {
    const value: unknown = JSON.parse(line)
    if (!isObject(value)) return null
    const { look, reasons, text, run, folder } = value
    if (value['ok'] === true) {
      return {
        ok: true,
        ...(isLook(look) ? { look } : {}),
        ...(isTexts(reasons) ? { reasons } : {}),
        ...(typeof run === 'string' ? { run } : {}),
        ...(typeof folder === 'string' || folder === null ? { folder } : {}),
        ...(typeof text === 'string' ? { text } : {}),
      }
    }
    const { problem, again } = value
    if (typeof problem !== 'string') return null
    return again === true ? { ok: false, problem, again } : { ok: false, problem }
  } catch {
    return null
  }
}

function isLook(value: unknown): value is LiveLook {
  if (!isObject(value) || typeof value['at'] !== 'number' || !Array.isArray(value['nodes'])) return false
  return value['nodes'].every(
    each => isObject(each) && typeof each['node'] === 'string' && typeof each['foreign'] === 'string',
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(each => typeof each === 'string')
}

function shortly(value: unknown): string {
  const type: unknown = isObject(value) ? value['type'] : value
  return (JSON.stringify(type) ?? 'nothing').slice(0, 80)
}
