import { describe } from '../validation/describe.ts'
import { closest } from '../validation/did-you-mean.ts'
import { folderName } from '../validation/readers.ts'
import type { KeyProblem } from '../validation/schema.ts'
import { isPolicyModule, type Key, POLICIES } from './values.ts'

/** A configuration of the Python ODOP in our terms. */
export interface OldConfiguration {
  readonly value: Readonly<Record<string, unknown>>
  /** What became of each of its keys, in one line; null: it has none. */
  readonly note: string | null
  /** What it says that nobody understands, or that can't be had here. */
  readonly warnings: readonly string[]
  /** Our keys under the names that the user wrote. */
  readonly written: ReadonlyMap<string, string>
}

/** A setting of ours in its place. */
interface Taken {
  readonly key: Key
  readonly value: unknown
  /** In which way it is not quite the same. */
  readonly but?: string
}

/** Why a key has nothing to say here. */
type Unneeded = { readonly because: string }
type Refused = { readonly warning: string }
type Reading = (raw: unknown) => Taken | Unneeded | Refused

const OWN_PACE = 'odop adapts its pace by itself'
const NO_PORTS = 'odop opens no port unless asked for'
const PIPES = 'the parts of odop talk through pipes'
const OWN_LOOKS = 'odop looks at nodes and processes by itself, and keeps what it saw in the run’s folder'

const as =
  (key: Key, but?: string): Reading =>
  value => ({ key, value, ...(but === undefined ? {} : { but }) })
const unneeded =
  (because: string): Reading =>
  () => ({ because })

/** The keys of its `runtime` section; those of `scheduling` below that are among them. Both spellings of the threshold. */
const READINGS: Readonly<Record<string, Reading>> = {
  run_name: raw => runName(raw),
  algorithm: raw => algorithm(raw),
  cpu_free_threshhold: as('idleThreshold'),
  cpu_free_threshold: as('idleThreshold'),
  excluded_cpus: as('excludeCpus'),
  max_task_failures: as('retries'),
  resubmit_wait_time: as('retryDelay', 'which doubles with each further try'),
  frequency: unneeded(OWN_PACE),
  scheduling_interval: unneeded(OWN_PACE),
  n_stored_metric: unneeded('metrics are appended to files, none is dropped'),
  host: unneeded(NO_PORTS),
  info_api_port: unneeded(NO_PORTS),
  obs_port: unneeded(NO_PORTS),
  odop_endpoint: unneeded(NO_PORTS),
  engine_port: unneeded(PIPES),
  controller_port: unneeded(PIPES),
  executables_folder: unneeded('tasks are executed from their own modules'),
  odop_obs: unneeded(OWN_LOOKS),
}

const SECTIONS = ['runtime', 'scheduling'] as const

/** Whether a configuration file is one of the Python ODOP: it has its sections, or under its name its keys. */
export function isOldConfiguration(raw: unknown, fileName: string): raw is Record<string, unknown> {
  if (!isObject(raw)) return false
  const keys = Object.keys(raw)
  if (keys.includes('runtime') || keys.includes('odop_obs')) return true
  return /^odop_conf\.ya?ml$/.test(fileName) && keys.some(key => key in READINGS)
}

/**
 * Reads a configuration of the Python ODOP. Where `runtime` and its `scheduling` say different things, `runtime` is what counted
 * there. Keys of ours in the same file hold, and go first.
 */
export function fromOldConfiguration(
  raw: Readonly<Record<string, unknown>>,
  ours: readonly string[],
): OldConfiguration {
  const value: Record<string, unknown> = {}
  const written = new Map<string, string>()
  const taken: string[] = []
  const unneeded = new Map<string, string[]>()
  const warnings: string[] = []
  for (const [name, content] of flat(raw)) {
    // A key without a value says nothing.
    if (content === null) continue
    const reading = Object.hasOwn(READINGS, name) ? READINGS[name] : undefined
    if (reading === undefined) {
      if (ours.includes(name)) value[name] = content
      else warnings.push(`unknown key \`${name}\`, which is left out: ${fixOf(name, ours)}`)
      continue
    }
    const read = reading(content)
    if ('warning' in read) warnings.push(read.warning)
    else if ('because' in read) unneeded.set(read.because, [...(unneeded.get(read.because) ?? []), name])
    else if (!(read.key in value) && !(read.key in raw)) {
      value[read.key] = read.value
      written.set(read.key, name)
      taken.push(`${name} → ${read.key}${read.but === undefined ? '' : ` (${read.but})`}`)
    }
  }
  return { value, note: noteOf(taken, unneeded), warnings, written }
}

/** Problems of the values, with the keys as the user wrote them. */
export function underOldNames(
  problems: readonly KeyProblem[],
  written: ReadonlyMap<string, string>,
): KeyProblem[] {
  return problems.map(problem => ({
    ...problem,
    key: problem.key === null ? null : (written.get(problem.key) ?? problem.key),
  }))
}

/** All keys with their values, `runtime` before its `scheduling`. */
function flat(raw: Readonly<Record<string, unknown>>): [string, unknown][] {
  const entries = Object.entries(raw)
  const plain = entries.filter(([key, content]) => !isSection(key, content))
  const sections = entries.flatMap(([key, content]) => (isSection(key, content) ? [content] : []))
  return [...plain, ...sections.flatMap(section => flat(section as Record<string, unknown>))]
}

/** An empty section is nothing, as the Python ODOP takes it. */
function isSection(key: string, content: unknown): boolean {
  return SECTIONS.some(section => section === key) && (isObject(content) || content === null)
}

function isObject(raw: unknown): raw is Record<string, unknown> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
}

/** There any name was the name of a folder; here not all are. */
function runName(raw: unknown): Taken | Refused {
  const but = 'by which a later run goes on where this one ends'
  const value = String(raw)
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 100)
  if (!('value' in folderName(value)))
    return { warning: `run_name: ${describe(raw)} can't be a name here, and is left out` }
  return { key: 'name', value, but: value === raw ? but : `'${value}', ${but}` }
}

function algorithm(raw: unknown): Taken | Refused {
  const name = typeof raw === 'string' ? raw.replace(/\.py$/, '') : raw
  const isKnown = POLICIES.some(policy => policy === name) || isPolicyModule(String(name))
  if (isKnown) return { key: 'policy', value: name }
  return {
    warning: `algorithm: there is no policy '${String(raw)}' here, and Python is not executed: ${POLICIES.join(', ')} are there, or write a module of your own (docs/policies.md); priority is used`,
  }
}

function fixOf(name: string, ours: readonly string[]): string {
  const meant = closest(name, [...Object.keys(READINGS), ...SECTIONS, ...ours])
  return meant === null ? 'odop has nothing of this name' : `did you mean \`${meant}\`?`
}

function noteOf(taken: readonly string[], unneeded: ReadonlyMap<string, readonly string[]>): string | null {
  const why = [...unneeded].map(([because, names]) => `${[...new Set(names)].join(', ')} (${because})`)
  const parts = [
    ...(taken.length === 0 ? [] : [taken.join(', ')]),
    ...(why.length === 0 ? [] : [`not needed: ${why.join(', ')}`]),
  ]
  return parts.length === 0 ? null : `read as a configuration of the Python ODOP: ${parts.join('; ')}`
}
