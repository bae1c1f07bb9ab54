/** What was found, as a problem's message says it: short, on one line, and told apart from what was expected. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : `an array of ${value.length}`
  if (value instanceof RegExp) return `the regular expression ${String(value)}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}

function quote(text: string): string {
  const short = text.length > LONGEST_QUOTED ? `${text.slice(0, LONGEST_QUOTED)}…` : text
  return `'${short.replaceAll('\n', '\\n')}'`
}

const LONGEST_QUOTED = 60
