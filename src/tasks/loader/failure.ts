import { spawnSync } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { packageRoot } from '../../entry-points.ts'
import { describe } from '../../validation/describe.ts'
import type { TaskProblem } from '../loaded.ts'
import { isTypeScript } from '../module-names.ts'
import { placesIn, type SourcePlace } from '../source-lines.ts'

/** Why a module could not be loaded, as its author should read it. */
export function problemOf(thrown: unknown, file: string): TaskProblem {
  if (!(thrown instanceof Error)) {
    return {
      file,
      line: null,
      field: null,
      message: `threw ${describe(thrown)} while it was loaded`,
      fix: null,
    }
  }
  const transform = transformError(thrown.message)
  if (transform !== null)
    return at(file, transform.place, `syntax error: ${transform.text}`, fixOf(transform.text, file))
  const place = userPlace(thrown) ?? (thrown instanceof SyntaxError ? checkedPlace(file) : null)
  if (thrown instanceof SyntaxError)
    return at(file, place, `syntax error: ${firstLine(thrown.message)}`, null)
  if (isModuleNotFound(thrown)) {
    return at(
      file,
      place,
      firstLine(thrown.message),
      'check the path, or install the package in the folder of the task',
    )
  }
  if ('code' in thrown && thrown.code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    return at(file, place, firstLine(thrown.message), 'give the task module itself the ending .ts')
  }
  return at(file, place, `threw while it was loaded: ${thrown.name}: ${firstLine(thrown.message)}`, null)
}

function at(file: string, place: SourcePlace | null, message: string, fix: string | null): TaskProblem {
  const here = place !== null && (place.file === file || place.file === realpathSync(file))
  const elsewhere = place === null || here ? '' : ` (in ${place.file}, line ${place.line})`
  return { file, line: here ? place.line : null, field: null, message: `${message}${elsewhere}`, fix }
}

/** The innermost place that is neither Node's nor odop's own. */
function userPlace({ stack }: Error): SourcePlace | null {
  const own = packageRoot()
  const isOdops = (file: string) => file.startsWith(`${own}dist/`) || file.startsWith(`${own}node_modules/`)
  return placesIn(stack ?? '').find(place => !isOdops(place.file)) ?? null
}

/** What esbuild, inside tsx, says: `/path/reduce.ts:3:21: ERROR: Expected …`. */
function transformError(message: string): { place: SourcePlace; text: string } | null {
  const match = /^(\/.*?):(\d+):\d+: ERROR: (.*)$/m.exec(message)
  if (match === null) return null
  const [, file = '', line, text = ''] = match
  return { place: { file, line: Number(line) }, text }
}

function fixOf(text: string, file: string): string | null {
  if (!text.startsWith('Top-level await')) return null
  return `rename the file to ${file.replace(/\.[cm]?([jt]s)$/, '.m$1')}, which makes it an ES module`
}

/** Node does not say where a syntax error of an ES module is, except to who only asks for a check. */
function checkedPlace(file: string): SourcePlace | null {
  if (isTypeScript(file)) return null
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '--check', '-'], {
    input: readFileSync(file),
    encoding: 'utf8',
    timeout: CHECK_LIMIT_MS,
  })
  const line = /^\[stdin\]:(\d+)/m.exec(stderr)?.[1]
  return line === undefined ? null : { file, line: Number(line) }
}

const CHECK_LIMIT_MS = 5_000

function isModuleNotFound(error: Error): boolean {
  return 'code' in error && (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND')
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
