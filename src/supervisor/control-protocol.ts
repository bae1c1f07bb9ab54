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
  /** null: those of all tasks, without what their triggers wait for. */
  readonly task: string | null
}

/** A request of type `explain` is answered by `reasons`; for all tasks by `waiting`, the reasons by task. */
export type ControlReply =
  | {
      readonly ok: true
      readonly reasons?: readonly string[]
      readonly waiting?: Readonly<Record<string, readonly string[]>>
    }
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
  if (isObject(value) && value['type'] === 'explain' && isTextOrNull(value['task'])) {
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
    if (value['ok'] === true) return { ok: true, ...explanationOf(value) }
    return typeof value['problem'] === 'string' ? { ok: false, problem: value['problem'] } : null
  } catch {
    return null
  }
}

function explanationOf({ reasons, waiting }: Readonly<Record<string, unknown>>) {
  const all = isObject(waiting) ? Object.entries(waiting) : []
  const valid = all.flatMap(([task, texts]) => (isTexts(texts) ? [[task, texts] as const] : []))
  return {
    ...(isTexts(reasons) ? { reasons } : {}),
    ...(isObject(waiting) ? { waiting: Object.fromEntries(valid) } : {}),
  }
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
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
