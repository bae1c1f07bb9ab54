import { homedir } from 'node:os'
import path from 'node:path'
import type { ConfigurationFile } from './config/file.ts'
import {
  type ApiAddress,
  type ConfigurationProblem,
  type Drain,
  isPolicyModule,
  type Key,
  type MemoryReserve,
  readers,
  readText,
  type Values,
} from './config/values.ts'
import type { Settings } from './core/model.ts'

export type { ApiAddress, ConfigurationProblem, Drain, MemoryReserve } from './config/values.ts'

/** What the flags of the command line set. */
export type Flags = Values

/** All that can be configured, with defaults filled in; folders and files are absolute. */
export interface Configuration {
  /** null: the run gets a name of its own. */
  readonly name: string | null
  readonly tasks: readonly string[]
  /** The user named the task folders; otherwise they are the default, which may be missing. */
  readonly tasksAreNamed: boolean
  /** A policy's name, or the absolute path of the module of a user's own. */
  readonly policy: string
  readonly drain: Drain
  readonly maxCpus: number | null
  readonly excludeCpus: readonly number[]
  /** Further hosts, each reached through ssh; empty: the nodes of the Slurm job. */
  readonly hosts: readonly string[]
  /** A host file as mpirun takes it, which names further hosts; null: none. */
  readonly hostFile: string | null
  readonly reserveCores: number
  /** As a share. */
  readonly idleThreshold: number
  readonly memoryReserve: MemoryReserve
  /** As a share; null: the slowdown is only measured. */
  readonly maxSlowdown: number | null
  /** Absolute glob of files that tell the application's steps; null: none do. */
  readonly progress: string | null
  readonly noTasks: boolean
  readonly dashboard: boolean
  readonly quiet: boolean
  /** No `report.html` at the end of a launch. */
  readonly noReport: boolean
  /** A further copy of `summary.json`. */
  readonly summary: string | null
  readonly retries: number
  readonly retryDelaySeconds: number
  readonly graceSeconds: number
  readonly maxIoBound: number
  readonly maxNetworkBound: number
  readonly settleSeconds: number
  /** The HTTP interface listens there, too; null: on the run's socket only. */
  readonly api: ApiAddress | null
  readonly odopPath: string
  /** The configuration file that was used. */
  readonly file: string | null
}

export interface ConfigurationSources {
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly flags: Flags
  /** null: `ODOP_CONFIG`, else the nearest one from `cwd` upwards. */
  readonly file: string | null
  /** What a program gives in place of a file, relative to `cwd`; missing: a file is looked for. */
  readonly values?: unknown
}

export interface LoadedConfiguration {
  readonly configuration: Configuration
  readonly problems: readonly ConfigurationProblem[]
  /** What a user should know of the file, though nothing is wrong: each a line. */
  readonly notes: readonly string[]
}

/**
 * Flags beat `ODOP_*` variables, which beat the configuration file, which beats the defaults. Never rejects: a file with
 * anything wrong in it counts as empty and is reported, as is a variable with a wrong value; the rest still holds.
 */
export async function loadConfiguration(sources: ConfigurationSources): Promise<LoadedConfiguration> {
  const { cwd, environment, flags } = sources
  const home = environment['HOME'] || homedir()
  const fromEnvironment = readEnvironment(environment)
  const found = await configurationFile(sources, home)
  const layers = [
    absolute(found.values, { base: found.file === null ? cwd : path.dirname(found.file), home }),
    absolute(fromEnvironment.values, { base: cwd, home }),
    absolute(flags, { base: cwd, home }),
  ]
  const configuration = withDefaults(Object.assign({}, ...layers), { cwd, home, file: found.file })
  return { configuration, problems: [...found.problems, ...fromEnvironment.problems], notes: found.notes }
}

/** The core's settings, once the node's memory is known. */
export function settingsOf(configuration: Configuration, memoryLimitBytes: number): Settings {
  const { memoryReserve, policy, maxCpus, idleThreshold, maxSlowdown } = configuration
  const { retries, retryDelaySeconds, graceSeconds, maxIoBound, maxNetworkBound } = configuration
  const memoryReserveBytes =
    'bytes' in memoryReserve ? memoryReserve.bytes : Math.round(memoryReserve.share * memoryLimitBytes)
  return {
    policy,
    maxCpus,
    idleThreshold,
    memoryReserveBytes,
    retries,
    retryDelaySeconds,
    graceSeconds,
    maxIoBound,
    maxNetworkBound,
    maxSlowdown,
  }
}

/**
 * Reads the flags of a command line: options by name (`max-cpus`), each a text, a list or a boolean. Problems are usage
 * errors, each one line. What is not a flag of the configuration is left alone.
 */
export function parseFlags(given: Readonly<Record<string, unknown>>): { flags: Flags; problems: string[] } {
  const values: Record<string, unknown> = {}
  const problems: string[] = []
  for (const key of KEYS) {
    const flag = kebab(key)
    const raw = given[flag]
    if (raw === undefined || key === 'odopPath') continue
    const read = typeof raw === 'string' && key !== 'tasks' ? readText(key, raw) : readers[key](raw)
    if ('value' in read) values[key] = read.value
    else problems.push(`--${flag}: ${read.message}${read.fix === null ? '' : ` (${read.fix})`}`)
  }
  return { flags: values, problems }
}

const KEYS = Object.keys(readers) as Key[]

function readEnvironment(environment: ConfigurationSources['environment']) {
  const values: Record<string, unknown> = {}
  const problems: ConfigurationProblem[] = []
  for (const key of KEYS) {
    const variable = variableOf(key)
    const text = environment[variable]
    if (text === undefined || text === '') continue
    const read = readText(key, text)
    if ('value' in read) values[key] = read.value
    else problems.push({ source: variable, key, message: read.message, fix: read.fix })
  }
  return { values: values as Values, problems }
}

/** `ODOP_MAX_CPUS` of `maxCpus`. */
function variableOf(key: Key): string {
  return key === 'odopPath' ? 'ODOP_PATH' : `ODOP_${kebab(key).replaceAll('-', '_').toUpperCase()}`
}

function kebab(key: string): string {
  return key.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

async function configurationFile(sources: ConfigurationSources, home: string): Promise<ConfigurationFile> {
  const { findConfiguration, givenConfiguration } = await import('./config/file.ts')
  if (sources.values !== undefined) return givenConfiguration(sources.values)
  return findConfiguration({
    cwd: sources.cwd,
    home,
    odopPath: sources.environment['ODOP_PATH'] || null,
    file: sources.file ?? (sources.environment['ODOP_CONFIG'] || null),
  })
}

/** A source's folders and files, relative to where it stands. */
function absolute(values: Values, { base, home }: { readonly base: string; readonly home: string }): Values {
  const resolve = (file: string) => path.resolve(base, file.replace(/^~(?=\/|$)/, home))
  return {
    ...values,
    ...(values.tasks && { tasks: values.tasks.map(resolve) }),
    ...(values.policy && isPolicyModule(values.policy) && { policy: resolve(values.policy) }),
    ...(values.summary && { summary: resolve(values.summary) }),
    ...(values.hostFile && { hostFile: resolve(values.hostFile) }),
    ...(values.progress && { progress: resolve(values.progress) }),
    ...(values.odopPath && { odopPath: resolve(values.odopPath) }),
  }
}

function withDefaults(
  values: Values,
  { cwd, home, file }: { readonly cwd: string; readonly home: string; readonly file: string | null },
): Configuration {
  return {
    name: values.name ?? null,
    tasks: values.tasks ?? [path.join(cwd, 'tasks')],
    tasksAreNamed: values.tasks !== undefined,
    policy: values.policy ?? 'priority',
    drain: values.drain ?? null,
    maxCpus: values.maxCpus ?? null,
    excludeCpus: values.excludeCpus ?? [],
    hosts: values.hosts ?? [],
    hostFile: values.hostFile ?? null,
    reserveCores: values.reserveCores ?? 0,
    idleThreshold: values.idleThreshold ?? 0.1,
    memoryReserve: values.memoryReserve ?? { share: 0.1 },
    maxSlowdown: values.maxSlowdown ?? null,
    progress: values.progress ?? null,
    noTasks: values.noTasks ?? false,
    dashboard: values.dashboard ?? false,
    quiet: values.quiet ?? false,
    noReport: values.noReport ?? false,
    summary: values.summary ?? null,
    retries: values.retries ?? 3,
    retryDelaySeconds: values.retryDelay ?? 60,
    graceSeconds: values.grace ?? 5,
    maxIoBound: values.maxIoBound ?? 1,
    maxNetworkBound: values.maxNetworkBound ?? 1,
    settleSeconds: values.settle ?? 2,
    api: values.api ?? null,
    odopPath: values.odopPath ?? path.join(home, '.odop'),
    file,
  }
}
