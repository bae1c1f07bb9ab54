/**
 * What goes over `control.sock`: a request is one line of JSON, and each is answered by one line, in order. New requests
 * are new members of `ControlRequest`, read in `readRequest` and answered where the socket is opened.
 */
export type ControlRequest = SignalRequest | ExplainRequest

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

/** `reasons` answers a request of type `explain`. */
export type ControlReply =
  | { readonly ok: true; readonly reasons?: readonly string[] }
  | { readonly ok: false; readonly problem: string }

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
  if (isObject(value) && value['type'] === 'explain' && typeof value['task'] === 'string') {
    return { request: { type: 'explain', task: value['task'] } }
  }
  if (!isObject(value) || value['type'] !== 'signal') {
    return { problem: `expected a request of type "signal" or "explain", got ${shortly(value)}` }
  }
  const { name, files } = value
  if (typeof name !== 'string' || !isTexts(files)) {
    return { problem: 'expected { "type": "signal", "name": "…", "files": ["…"] }' }
  }
  return { request: { type: 'signal', name, files } }
}

/** null: this is no reply of an odop. */
export function readReply(line: string): ControlReply | null {
  try {
    const value: unknown = JSON.parse(line)
    if (!isObject(value)) return null
    const { reasons } = value
    if (value['ok'] === true) return isTexts(reasons) ? { ok: true, reasons } : { ok: true }
    return typeof value['problem'] === 'string' ? { ok: false, problem: value['problem'] } : null
  } catch {
    return null
  }
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
