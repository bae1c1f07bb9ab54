import path from 'node:path'
import type { ConfigurationProblem } from '../config.ts'
import type { TaskProblem } from '../tasks/loaded.ts'
import { firstLine, printable } from './printable.ts'
import { counted } from './units.ts'

/**
 * Problems of task modules, as compilers print them: `tasks/reduce.ts:12: memory: expected …`, and the fix below it.
 */
export function problemsText(problems: readonly TaskProblem[], cwd: string): string {
  return problems.map(problem => `${problemText(problem, cwd)}\n`).join('')
}

/** One problem: a line, and one more for its fix. */
function problemText(problem: TaskProblem, cwd: string): string {
  const column = problem.column === undefined ? '' : `:${problem.column}`
  const place = problem.line === null ? '' : `:${problem.line}${column}`
  const field = problem.field === null ? '' : `${printable(problem.field)}: `
  const said = `${printable(shortPath(problem.file, cwd))}${place}: ${field}${indented(problem.message)}`
  return problem.fix === null ? said : `${said}\n  fix: ${indented(problem.fix)}`
}

/** One problem without its file and in one line: what a `task-refused` event says. */
export function refusalText({ line, column, field, message, fix }: TaskProblem): string {
  const across = column === undefined ? '' : `, column ${column}`
  const place = line === null ? '' : `line ${line}${across}: `
  const said = `${place}${field === null ? '' : `${printable(field)}: `}${firstLine(message)}`
  return fix === null ? said : `${said}; fix: ${firstLine(fix)}`
}

/** A configuration problem in one line: `odop.config.ts: policy: expected …; fix: …`. */
export function configurationProblemText({ source, key, message, fix }: ConfigurationProblem): string {
  const text = refusalText({ file: source, line: null, field: key, message, fix })
  return `${printable(source)}: ${text}`
}

/** `2 problems in 1 file`, the last line of `odop tasks check`. */
export function problemCountText(problems: readonly TaskProblem[]): string {
  const files = new Set(problems.map(problem => problem.file)).size
  return `${counted(problems.length, 'problem')} in ${counted(files, 'file')}`
}

/** A path as short as it can be said: relative to the folder one is in, unless that is longer. */
export function shortPath(file: string, cwd: string): string {
  if (!path.isAbsolute(file)) return file
  const relative = path.relative(cwd, file)
  return relative !== '' && relative.length < file.length ? relative : file
}

/** A message may have several lines, such as a piece of source with a mark under it. */
function indented(text: string): string {
  return text.trimEnd().split(/\r?\n/).map(printable).join('\n  ')
}
