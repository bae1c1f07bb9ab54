/**
 * What goes over `control.sock`: a request is one line of JSON, and each is answered by one line, in order. New requests
 * are new members of `ControlRequest`, read in `readRequest` and answered where the socket is opened.
 */
export type ControlRequest =
  | SignalRequest
  | { readonly type: 'pause' | 'resume' | 'look' }
  | CancelRequest
  | ExplainRequest

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
  const type = isObject(value) ? value['type'] : null
  const read = typeof type === 'string' && Object.hasOwn(readers, type) ? readers[type] : undefined
  if (!isObject(value) || read === undefined) {
    return { problem: `expected a request of type ${Object.keys(readers).join(', ')}, got ${shortly(value)}` }
  }
  const request = read(value)
  return typeof request === 'string' ? { problem: `expected ${request}` } : { request }
}

/** By type: the request, or what it would look like. */
const readers: Readonly<Record<string, (value: Fields) => ControlRequest | string>> = {
  signal: ({ name, files }) =>
    typeof name === 'string' && isTexts(files)
      ? { type: 'signal', name, files }
      : '{ "type": "signal", "name": "…", "files": ["…"] }',
  pause: () => ({ type: 'pause' }),
  resume: () => ({ type: 'resume' }),
  look: () => ({ type: 'look' }),
  cancel: ({ item }) =>
    typeof item === 'string' ? { type: 'cancel', item } : '{ "type": "cancel", "item": "TASK#N" }',
  explain: ({ task }) =>
    typeof task === 'string' ? { type: 'explain', task } : '{ "type": "explain", "task": "…" }',
}

type Fields = Readonly<Record<string, unknown>>

/** null: this is no reply of an odop. */
export function readReply(line: string): ControlReply | null {
  try {
    const value: unknown = JSON.parse(line)
    if (!isObject(value)) return null
    const { look, reasons } = value
    if (value['ok'] === true)
      return { ok: true, ...(isLook(look) ? { look } : {}), ...(isTexts(reasons) ? { reasons } : {}) }
    return typeof value['problem'] === 'string' ? { ok: false, problem: value['problem'] } : null
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
