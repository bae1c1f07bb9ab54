import { inspect } from 'node:util'

/** What a user reads of an exception of a task; it may be anything, also an object that cannot be looked at. */
export function errorText(error: unknown): string {
  try {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : `threw ${inspect(error)}`
    return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text
  } catch {
    return 'threw something that cannot be shown'
  }
}

/** The same for the log, with the stack. */
export function errorDetails(error: unknown): string {
  try {
    return inspect(error)
  } catch {
    return errorText(error)
  }
}

const LONGEST = 1000
