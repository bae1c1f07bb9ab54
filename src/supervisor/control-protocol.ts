/**
 * What goes over `control.sock`: a request is one line of JSON, and each is answered by one line, in order. New requests
 * are new members of `ControlRequest`, read in `readRequest` and answered where the socket is opened.
 */
export type ControlRequest = SignalRequest | RunRequest | WaitRequest | ExplainRequest

/** `odop signal RUN NAME [--file F…]` */
export interface SignalRequest {
  readonly type: 'signal'
  readonly name: string
  /** Absolute. */
  readonly files: readonly string[]
}

/** Why pending work items of a task do not run now: with the last look at the nodes, which no journal holds. */
export interface ExplainRequest {
  readonly type: 'explain'
  readonly task: string
}

/** Which run this is: who knows only the socket asks that. */
export interface RunRequest {
  readonly type: 'run'
}

/** `odop wait RUN [--task NAME]`: answered when there is nothing left to do. */
export interface WaitRequest {
  readonly type: 'wait'
  /** null: for all tasks. */
  readonly task: string | null
}

/** `again`: the same question may have an answer later. `run` and `folder` (null: nothing of it is kept) answer a `run` request, `reasons` one of type `explain`. */
export type ControlReply =
  | {
      readonly ok: true
      readonly run?: string
      readonly folder?: string | null
      readonly reasons?: readonly string[]
    }
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
  if (!isObject(value)) return { problem: `expected a request of type ${TYPES}, got ${shortly(value)}` }
  switch (value['type']) {
    case 'signal':
      return signalRequest(value)
    case 'run':
      return { request: { type: 'run' } }
    case 'wait':
      return waitRequest(value)
    case 'explain':
      return explainRequest(value)
    default:
      return { problem: `expected a request of type ${TYPES}, got ${shortly(value)}` }
  }
}

const TYPES = '"signal", "wait", "explain" or "run"'

type Read = ReturnType<typeof readRequest>

function signalRequest({ name, files = [] }: Fields): Read {
  if (typeof name === 'string' && isTexts(files)) return { request: { type: 'signal', name, files } }
  return { problem: 'expected { "type": "signal", "name": "…", "files": ["…"] }' }
}

function waitRequest({ task = null }: Fields): Read {
  if (task === null || typeof task === 'string') return { request: { type: 'wait', task } }
  return { problem: 'expected { "type": "wait", "task": "…" }, or no task for all of them' }
}

function explainRequest({ task }: Fields): Read {
  if (typeof task === 'string') return { request: { type: 'explain', task } }
  return { problem: 'expected { "type": "explain", "task": "…" }' }
}

/** null: this is no reply of an odop. */
export function readReply(line: string): ControlReply | null {
  try {
    const value: unknown = JSON.parse(line)
    if (!isObject(value)) return null
    if (value['ok'] === true) return { ok: true, ...placeOf(value), ...reasonsOf(value) }
    return typeof value['problem'] === 'string' ? refusal(value['problem'], value['again'] === true) : null
  } catch {
    return null
  }
}

function reasonsOf({ reasons }: Fields): { reasons?: readonly string[] } {
  return isTexts(reasons) ? { reasons } : {}
}

function refusal(problem: string, again: boolean): ControlReply {
  return again ? { ok: false, problem, again } : { ok: false, problem }
}

function placeOf({ run, folder }: Fields): { run?: string; folder?: string | null } {
  return typeof run === 'string' && (typeof folder === 'string' || folder === null) ? { run, folder } : {}
}

type Fields = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(each => typeof each === 'string')
}

function shortly(value: unknown): string {
  const type: unknown = isObject(value) ? value['type'] : value
  return (JSON.stringify(type) ?? 'nothing').slice(0, 80)
}
