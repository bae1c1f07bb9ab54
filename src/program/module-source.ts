import path from 'node:path'
import { Script } from 'node:vm'
import { packageRoot } from '../entry-points.ts'
import { addedBy } from '../tasks/added-module.ts'
import { placesIn, type SourcePlace } from '../tasks/source-lines.ts'
import type { Task } from '../tasks/task.ts'

/** Why something can't be written as source. Thrown in here only. */
class SourceProblem extends Error {}

/**
 * The source of a module that defines the task anew, in a runner that knows nothing of this program: of the task's functions only
 * their text can go there. The file that the first line names is the one from which `import()` and `require` in them start
 * (src/tasks/added-module.ts).
 */
export function moduleSource(
  task: Task,
  values: unknown,
): { readonly source: string } | { readonly problem: string } {
  try {
    return { source: sourceOfTask(task, values) }
  } catch (error) {
    // Also what a getter of the program's own objects throws.
    return { problem: error instanceof Error ? error.message : String(error) }
  }
}

function sourceOfTask({ options, run, place }: Task, values: unknown): string {
  const { file, line } = userPlace(place) ?? { file: path.join(process.cwd(), 'program.js'), line: 0 }
  const body = [
    // Transpilers such as tsx wrap functions in it, to keep their names.
    'const __name = wrapped => wrapped',
    ...constants(values),
    'return [',
    `${sourceOf(options, 'the parameters')},`,
    `${run === null ? 'undefined' : sourceOf(run, 'the function')},`,
    ']',
  ].join('\n')
  const problem = syntaxProblem(`function (require) {${body}\n}`)
  if (problem !== null) throw new SourceProblem(`the task can't be handed to another process: ${problem}`)
  return `${addedBy(file)} has added this task while it ran, in line ${line}
import { createRequire } from 'node:module'
import { task } from 'odop'

export default task(...define(createRequire(${JSON.stringify(file)})))

function define(require) {
${body}
}
`
}

function constants(values: unknown): string[] {
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    throw new SourceProblem('`values` of add() is an object: { values: { field, threshold } }')
  return Object.entries(values).map(([name, value]) => {
    if (!/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name))
      throw new SourceProblem(`values: ${JSON.stringify(name)} is not a name`)
    return `const ${name} = ${sourceOf(value, `values.${name}`)}`
  })
}

/** @param name what to call the value in a message */
function sourceOf(value: unknown, name: string, above: readonly object[] = []): string {
  switch (typeof value) {
    case 'undefined':
    case 'boolean':
      return String(value)
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'string':
      return JSON.stringify(value)
    case 'bigint':
      return `${value}n`
    case 'function':
      return sourceOfFunction(value, name)
    case 'object':
      return value === null ? 'null' : sourceOfObject(value, name, above)
    default:
      throw new SourceProblem(`${name}: a symbol can't be handed to another process`)
  }
}

function sourceOfObject(value: object, name: string, above: readonly object[]): string {
  if (above.includes(value))
    throw new SourceProblem(`${name}: an object that holds itself can't be handed to another process`)
  const inner = (part: unknown, key: string) => sourceOf(part, `${name}.${key}`, [...above, value])
  if (Array.isArray(value)) return `[${value.map((part, index) => inner(part, String(index))).join(', ')}]`
  if (value instanceof RegExp)
    return `new RegExp(${JSON.stringify(value.source)}, ${JSON.stringify(value.flags)})`
  if (value instanceof Date) return `new Date(${value.getTime()})`
  if (value instanceof URL) return `new URL(${JSON.stringify(value.href)})`
  if (value instanceof Map || value instanceof Set) {
    return `new ${value instanceof Map ? 'Map' : 'Set'}(${inner([...value], 'entries')})`
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) {
    const kind = value.constructor?.name || 'an object of a class'
    throw new SourceProblem(
      `${name}: ${kind} can't be handed to another process, only plain values and functions can`,
    )
  }
  const entries = Object.entries(value).map(([key, part]) => `${JSON.stringify(key)}: ${inner(part, key)}`)
  return `{${entries.join(', ')}}`
}

function sourceOfFunction(value: unknown, name: string): string {
  const text = Function.prototype.toString.call(value)
  if (/\{\s*\[native code\]\s*\}\s*$/.test(text))
    throw new SourceProblem(
      `${name}: a function without source (bound, or Node's own) can't be handed to another process`,
    )
  // A method's text is no expression: it needs its object.
  const [plain, method] = [`(${text})`, `Object.values({ ${text} })[0]`]
  const problem = syntaxProblem(plain)
  if (problem === null) return plain
  if (syntaxProblem(method) === null) return method
  throw new SourceProblem(
    `${name} can't be handed to another process (${problem}): write it as async () => { … }, with import() for what it needs`,
  )
}

/** What is wrong with an expression; null: nothing. */
function syntaxProblem(expression: string): string | null {
  try {
    new Script(`'use strict';(${expression})`)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Where the program has called `task()`. */
function userPlace({ stack }: Error): SourcePlace | null {
  const own = path.join(packageRoot(), 'dist')
  return placesIn(stack ?? '').find(({ file }) => !file.startsWith(own)) ?? null
}
