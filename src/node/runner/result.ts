/** What a function returned, as JSON; `failure`: it can't be kept for the tasks that come after. */
export type Returned = { readonly result: unknown } | { readonly failure: string }

/** It goes to the journal, and from there to whoever comes after: files are for what is larger. */
export const MOST_RESULT_BYTES = 64 * 1024

/** As it reaches the tasks that come after this one; what is returned for nobody is never looked at. */
export function returnedAs(value: unknown): Returned {
  if (value === undefined) return { result: null }
  const text = jsonOf(value)
  if (typeof text !== 'string') return { failure: `${CANNOT_KEEP}: ${text.problem}` }
  const bytes = Buffer.byteLength(text)
  if (bytes <= MOST_RESULT_BYTES) return { result: JSON.parse(text) }
  const limit = `${MOST_RESULT_BYTES / 1024} KiB`
  return {
    failure: `${CANNOT_KEEP}: it has ${bytes} bytes as JSON, and ${limit} are the limit; write a file and return its name`,
  }
}

const CANNOT_KEEP = 'what the function returned can’t be handed to the tasks that come after it'

function jsonOf(value: unknown): string | { readonly problem: string } {
  try {
    return JSON.stringify(value) ?? { problem: `a ${typeof value} is not JSON` }
  } catch (error) {
    return { problem: error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error) }
  }
}
