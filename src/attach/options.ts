import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { type Flags, parseFlags } from '../config.ts'
import { wrong } from '../validation/readers.ts'
import { check, optional } from '../validation/schema.ts'
import { refusalText } from '../views/problems-text.ts'

/** What a program gives to `start()`, as a launch needs it. */
export interface AttachOptions {
  readonly flags: Flags
  readonly configFile: string | null
  /** In place of a file; undefined: none is given. */
  readonly configValues: unknown
}

/** Reads the options of `start()`, or says what is wrong with them. */
export function readOptions(given: unknown): AttachOptions | { readonly problem: string } {
  const checked = check(schema, given)
  if ('problems' in checked) {
    const [first] = checked.problems
    return problemWith(
      first === undefined ? '' : refusalText({ ...first, file: '', line: null, field: first.key }),
    )
  }
  const { name, tasks, config, noTasks } = checked.value
  const { flags, problems } = parseFlags({ name, tasks, 'no-tasks': noTasks })
  if (problems[0] !== undefined) return problemWith(problems[0].replace(/^--/, ''))
  const isFile = typeof config === 'string'
  return { flags, configFile: isFile ? config : null, configValues: isFile ? undefined : config }
}

const anything = optional<unknown>(value => ({ value }))

const schema = z.strictObject({
  name: anything,
  tasks: optional<unknown>(raw => ({
    value: Array.isArray(raw) ? raw.map(pathOf) : raw === undefined ? raw : [pathOf(raw)],
  })),
  config: optional<unknown>(raw =>
    raw === undefined || typeof raw === 'string' || (typeof raw === 'object' && raw !== null)
      ? { value: pathOf(raw) }
      : wrong('a file or an object with keys of the configuration', raw),
  ),
  noTasks: anything,
})

/** A `URL` has become its text on the way here. */
function pathOf(value: unknown): unknown {
  return typeof value === 'string' && value.startsWith('file:') ? fileURLToPath(value) : value
}

function problemWith(what: string): { readonly problem: string } {
  return { problem: `the options of start() can't be used: ${what}` }
}
