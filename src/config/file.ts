import { existsSync } from 'node:fs'
import path from 'node:path'
import { runLoader } from '../tasks/loader-process.ts'
import { distrust } from '../tasks/trusted.ts'
import type { KeyProblem } from '../validation/schema.ts'
import { type Found, loadConfigurationText, searchConfiguration } from './search.ts'
import { type ConfigurationProblem, readers, type Values } from './values.ts'

export interface ConfigurationFile {
  /** null: there is none. */
  readonly file: string | null
  /** Empty when there is a problem. */
  readonly values: Values
  readonly problems: readonly ConfigurationProblem[]
  /** What a user should know of it, though nothing is wrong: each a line. */
  readonly notes: readonly string[]
}

export interface Where {
  readonly cwd: string
  readonly home: string
  /** Where the Python ODOP looked for its `odop_conf.yaml`; null: nowhere. */
  readonly odopPath: string | null
  /** null: the nearest one from `cwd` upwards, up to the home folder. */
  readonly file: string | null
}

/** Finds, reads and checks the configuration file. One that is a module is executed in a loader child. Never rejects. */
export async function findConfiguration(where: Where): Promise<ConfigurationFile> {
  const named = where.file === null ? null : path.resolve(where.cwd, where.file)
  try {
    if (named !== null && !existsSync(named)) return refused(named, 'there is no such file', null)
    const found = named === null ? await searchConfiguration(where) : await loadConfigurationText(named)
    if (found === null) return { file: named, values: {}, problems: [], notes: [] }
    return await checked(found, where.cwd)
  } catch (error) {
    return refused(fileOf(error) ?? named ?? where.cwd, messageOf(error), null)
  }
}

/** The same for what a program gives. */
export async function givenConfiguration(value: unknown): Promise<ConfigurationFile> {
  const { checkConfiguration } = await import('./schema.ts')
  const result = checkConfiguration(value)
  if ('value' in result) return { file: null, values: result.value, problems: [], notes: [] }
  return {
    file: null,
    values: {},
    problems: result.problems.map(problem => ({ source: 'config', ...problem })),
    notes: [],
  }
}

async function checked(found: Found, cwd: string): Promise<ConfigurationFile> {
  const distrusted = distrust(found.file)
  if (distrusted !== null) return refused(found.file, distrusted.message, distrusted.fix)
  const content = 'value' in found ? found : await execute(found.file, cwd)
  if ('message' in content) return refused(found.file, content.message, content.fix)
  const { checkConfiguration } = await import('./schema.ts')
  const { isOldConfiguration } = await import('./old-keys.ts')
  if (isOldConfiguration(content.value, path.basename(found.file))) return old(found.file, content.value)
  const result = checkConfiguration(content.value)
  if ('value' in result) return { file: found.file, values: result.value, problems: [], notes: [] }
  return problematic(found.file, result.problems)
}

/** That of a Python ODOP: what nobody understands there is said, and takes nothing from the rest. */
async function old(file: string, raw: Record<string, unknown>): Promise<ConfigurationFile> {
  const { checkConfiguration } = await import('./schema.ts')
  const { fromOldConfiguration, underOldNames } = await import('./old-keys.ts')
  const { value, note, warnings, written } = fromOldConfiguration(raw, Object.keys(readers))
  const notes = [...(note === null ? [] : [note]), ...warnings].map(text => `${file}: ${text}`)
  const result = checkConfiguration(value)
  if ('value' in result) return { file, values: result.value, problems: [], notes }
  return { ...problematic(file, underOldNames(result.problems, written)), notes }
}

function problematic(file: string, problems: readonly KeyProblem[]): ConfigurationFile {
  return { file, values: {}, problems: problems.map(problem => ({ source: file, ...problem })), notes: [] }
}

async function execute(
  file: string,
  cwd: string,
): Promise<{ value: unknown } | { message: string; fix: string | null }> {
  const request = { kind: 'configuration', file } as const
  const { reports, failure } = await runLoader({ request, cwd, timeLimitSeconds: TIME_LIMIT_SECONDS })
  for (const report of reports) {
    if (report.type === 'configuration') return { value: report.value }
    if (report.type !== 'problem') continue
    const { line, message, fix } = report.problem
    return { message: line === null ? message : `line ${line}: ${message}`, fix }
  }
  return { message: failure ?? 'it could not be loaded', fix: null }
}

const TIME_LIMIT_SECONDS = 10

function refused(file: string, message: string, fix: string | null): ConfigurationFile {
  return problematic(file, [{ key: null, message, fix }])
}

/** The file that cosmiconfig could not read. */
function fileOf(error: unknown): string | null {
  return error instanceof Error && 'filepath' in error && typeof error.filepath === 'string'
    ? error.filepath
    : null
}

/** Parsers put the file's name on a line of its own before what is wrong. */
function messageOf(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).split('\n')
  return lines.find(line => line !== '' && !/^(JSON|YAML) Error in /.test(line)) ?? 'it can not be read'
}
