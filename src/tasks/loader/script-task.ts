import { closeSync, openSync, readSync } from 'node:fs'
import path from 'node:path'
import { HEAD_BYTES, type ScriptHead, scriptHead } from '../directives/head.ts'
import { inOptions } from '../directives/options.ts'
import { type ParsedDirectives, parseDirectives } from '../directives/parse.ts'
import type { TaskProblem } from '../loaded.ts'
import { task } from '../task.ts'
import { validateTask } from '../validate.ts'
import type { FoundTask } from './protocol.ts'

interface DefinedTask {
  readonly tasks: readonly FoundTask[]
  readonly problems: readonly TaskProblem[]
}

/** The task that a script's directives make, or all that is wrong with them. Nothing of the script is executed. */
export function scriptTask(file: string, settleSeconds: number): DefinedTask {
  return taskIn(headOf(file), file, settleSeconds)
}

/** The same without the file. */
export function taskIn(bytes: Uint8Array, file: string, settleSeconds: number): DefinedTask {
  const head = scriptHead(bytes)
  const parsed = parseDirectives(head.directives)
  const line = head.directives[0]?.line ?? null
  const problems = [...headProblems(file, head), ...parsed.problems.map(each => inFile(file, each))]
  const result = validateTask({
    task: task({ ...parsed.options, command: () => [] } as never),
    defaultName: path.basename(file, path.extname(file)),
    module: file,
    index: 0,
    settleSeconds,
  })
  if ('problems' in result) problems.push(...result.problems.map(each => located(each, file, line, parsed)))
  if (!('definition' in result) || problems.length > 0) return { tasks: [], problems }
  return { tasks: [{ definition: { ...result.definition, kind: 'script' }, line }], problems: [] }
}

function headOf(file: string): Uint8Array {
  const opened = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(HEAD_BYTES)
    return bytes.subarray(0, readSync(opened, bytes))
  } finally {
    closeSync(opened)
  }
}

function headProblems(file: string, { late, end, hasInterpreter }: ScriptHead): TaskProblem[] {
  const at = (line: number, message: string, fix: string) => ({ file, line, field: null, message, fix })
  const problems: TaskProblem[] = []
  if (!hasInterpreter) {
    const message = 'expected a first line that says what executes it, such as #!/usr/bin/env python3'
    problems.push(at(1, message, 'write it as the very first line'))
  }
  if (late !== null) {
    const message = `this directive would not be read: line ${end} is a command, and only comments before it count`
    problems.push(at(late, message, 'move it up, or write ##ODOP to switch it off'))
  }
  return problems
}

function inFile(file: string, problem: ParsedDirectives['problems'][number]): TaskProblem {
  const { line, column, option, message, fix } = problem
  return { file, line, column, field: option, message, fix }
}

type KeyProblem = Extract<ReturnType<typeof validateTask>, { problems: unknown }>['problems'][number]

function located(
  { key, message, fix }: KeyProblem,
  file: string,
  line: number | null,
  { places }: ParsedDirectives,
): TaskProblem {
  const place = places.get(key ?? '') ?? places.get(key?.split('.')[0] ?? '')
  return {
    file,
    line: place?.word.line ?? line,
    ...(place === undefined ? {} : { column: place.word.column }),
    field: place?.option ?? null,
    message: inOptions(message),
    fix: fix === null ? null : inOptions(fix),
  }
}
