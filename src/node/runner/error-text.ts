import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { programOf } from '../../tasks/added-module.ts'
import type { AttemptSpec } from '../agent.ts'

/** What a user reads of an exception of a task; it may be anything, also an object that cannot be looked at. */
export function errorText(error: unknown): string {
  try {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : `threw ${inspect(error)}`
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
  } catch {
    return 'threw something that cannot be shown'
  }
}

/** What a user reads of the exception that ended an attempt; a task that a program has added may use what only the program has. */
export function failureText(error: unknown, { task }: Pick<AttemptSpec, 'task'>): string {
  const text = errorText(error)
  const isAdded = error instanceof ReferenceError && programOf(pathToFileURL(task.module).href) !== null
  return isAdded ? `${text}; ${ADDED_HINT}` : text
}

const ADDED_HINT =
  'the function of a task that was added sees nothing of the program around it: use import() in it, or add(task, { values: { … } })'

/** The same for the log, with the stack. */
export function errorDetails(error: unknown): string {
  try {
    return inspect(error)
  } catch {
    return errorText(error)
  }
}

const LONGEST = 1000
