import { parseSize } from '../core/units.ts'
import { closest } from '../validation/did-you-mean.ts'
import type { Read, Reader } from '../validation/readers.ts'
import {
  duration,
  durationOrZero,
  folderName,
  text,
  wholeNumber,
  wrong,
  yesOrNo,
} from '../validation/readers.ts'
import { cpuList } from './cpu-list.ts'

export interface ConfigurationProblem {
  /** The configuration file, or the name of the variable. */
  readonly source: string
  /** The key as the user wrote it; null: the whole source. */
  readonly key: string | null
  /** What was expected, what was found. */
  readonly message: string
  /** What to do next; null where the message says it. */
  readonly fix: string | null
}

/** How the queue is worked off after the application has ended; null: not at all. */
export type Drain = { readonly limitSeconds: number | null } | null

/** Memory that stays free: so many bytes, or a share of the allocation's. */
export type MemoryReserve = { readonly bytes: number } | { readonly share: number }

/** Those of the core, by name; a test says so. */
export const POLICIES = ['priority', 'fifo', 'round_robin', 'best_fit'] as const

/** A policy of the user's own is named by its module. */
export function isPolicyModule(policy: string): boolean {
  return /\.[cm]?[jt]s$/.test(policy)
}

const policy: Reader<string> = raw => {
  if (typeof raw === 'string' && (POLICIES.some(name => name === raw) || isPolicyModule(raw))) {
    return 'value' in text(raw) ? { value: raw } : text(raw)
  }
  const meant = typeof raw === 'string' ? closest(raw.replaceAll('-', '_'), POLICIES) : null
  const names = POLICIES.map(name => `'${name}'`).join(', ')
  return wrong(
    `${names} or the path of a module such as './my-policy.ts'`,
    raw,
    meant === null ? null : `did you mean '${meant}'?`,
  )
}
/** Where the HTTP interface listens besides the run's socket. Port 0: any that is free. */
export interface ApiAddress {
  readonly host: string
  readonly port: number
}

const textList: Reader<readonly string[]> = raw => {
  const list: readonly unknown[] = Array.isArray(raw) ? raw : [raw]
  const wrongOne = list.map(text).find(read => !('value' in read))
  return wrongOne === undefined ? { value: list.map(String) } : wrong('a folder or a list of folders', raw)
}

const hostNames: Reader<readonly string[]> = raw => {
  const list: readonly unknown[] = Array.isArray(raw) ? raw : [raw]
  const wrongOne = list.find(name => typeof name !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._@-]*$/.test(name))
  return wrongOne === undefined
    ? { value: list.map(String) }
    : wrong('a host name or a list of them', wrongOne)
}

const drain: Reader<Drain> = raw => {
  if (typeof raw === 'boolean') return { value: raw ? { limitSeconds: null } : null }
  const read = duration(raw)
  return 'value' in read
    ? { value: { limitSeconds: read.value } }
    : wrong("true, false or a duration such as '10m'", raw)
}

/** Percent, as a share. */
const percentage: Reader<number> = raw => {
  const percent = typeof raw === 'number' ? raw : percentOf(raw)
  const usable = percent !== null && percent > 0 && percent <= 100
  return usable ? { value: percent / 100 } : wrong('a percentage over 0 and up to 100, such as 10', raw)
}

const memoryReserve: Reader<MemoryReserve> = raw => {
  const percent = percentOf(raw)
  if (percent !== null && percent <= 100) return { value: { share: percent / 100 } }
  const bytes = typeof raw === 'string' || typeof raw === 'number' ? parseSize(raw) : null
  return typeof bytes === 'number'
    ? { value: { bytes } }
    : wrong("a size such as '2G' or a share such as '10%'", raw)
}

const apiAddress: Reader<ApiAddress> = raw => {
  const [, v6, name, digits = ''] =
    /^(?:(?:\[([\da-fA-F:.]+)\]|([^:[\]\s]+)):)?(\d{1,5})$/.exec(String(raw)) ?? []
  const port = digits === '' ? Number.NaN : Number(digits)
  const usable = (typeof raw === 'string' || typeof raw === 'number') && port <= 65535
  // A port alone is for this host only.
  return usable
    ? { value: { host: v6 ?? name ?? '127.0.0.1', port } }
    : wrong("a port such as 9464, or '127.0.0.1:9464'", raw)
}

function percentOf(raw: unknown): number | null {
  const digits = typeof raw === 'string' ? /^(\d+(?:\.\d+)?)\s*%$/.exec(raw.trim())?.[1] : undefined
  return digits === undefined ? null : Number(digits)
}

/** What each key may be. */
export const readers = {
  name: folderName,
  tasks: textList,
  policy,
  drain,
  maxCpus: wholeNumber(1),
  maxIoBound: wholeNumber(1),
  maxNetworkBound: wholeNumber(1),
  excludeCpus: cpuList,
  hosts: hostNames,
  hostFile: text,
  reserveCores: wholeNumber(0),
  idleThreshold: percentage,
  maxSlowdown: percentage,
  progress: text,
  memoryReserve,
  noTasks: yesOrNo,
  dashboard: yesOrNo,
  quiet: yesOrNo,
  noReport: yesOrNo,
  summary: text,
  retries: wholeNumber(0),
  retryDelay: durationOrZero,
  grace: durationOrZero,
  settle: durationOrZero,
  api: apiAddress,
  odopPath: text,
}

export type Key = keyof typeof readers

/** What one source (a file, the environment, the flags) sets. */
export type Values = {
  readonly [K in Key]?: (typeof readers)[K] extends Reader<infer T> ? T : never
}

/** How a flag or a variable, which is text, becomes what the reader of its key expects. */
const texts: Readonly<Partial<Record<Key, (text: string) => unknown>>> = {
  tasks: text => text.split(':').filter(folder => folder !== ''),
  drain: text => (text === '' ? true : (yesOrNoOf(text) ?? text)),
  hosts: text => text.split(',').filter(host => host !== ''),
  maxCpus: numberOf,
  maxIoBound: numberOf,
  maxNetworkBound: numberOf,
  reserveCores: numberOf,
  idleThreshold: numberOf,
  maxSlowdown: numberOf,
  retries: numberOf,
  noTasks: text => yesOrNoOf(text) ?? text,
  dashboard: text => yesOrNoOf(text) ?? text,
  quiet: text => yesOrNoOf(text) ?? text,
  noReport: text => yesOrNoOf(text) ?? text,
}

export function readText(key: Key, text: string): Read<unknown> {
  return readers[key](texts[key]?.(text) ?? text)
}

function numberOf(text: string): unknown {
  return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text
}

function yesOrNoOf(text: string): boolean | null {
  if (['true', '1', 'yes', 'on'].includes(text.toLowerCase())) return true
  return ['false', '0', 'no', 'off'].includes(text.toLowerCase()) ? false : null
}
