import type { AttemptSpec } from '../../agent.ts'

/** Linux takes at most 128 KiB for a variable. */
const MOST_CHARACTERS = 30_000
const NAME = 'ODOP_RANK_SPEC_'

/** The attempt as variables, in which every launcher hands it to ranks on whichever node. */
export function specVariables(spec: AttemptSpec): Record<string, string> {
  const text = JSON.stringify(spec)
  const count = Math.ceil(text.length / MOST_CHARACTERS)
  const part = (at: number) => text.slice(at * MOST_CHARACTERS, (at + 1) * MOST_CHARACTERS)
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`${NAME}${at}`, part(at)]))
}

/** Takes it out of them again: they are not for what the task starts. */
export function takeSpec(environment: Record<string, string | undefined>): AttemptSpec {
  let text = ''
  for (let at = 0; environment[`${NAME}${at}`] !== undefined; at += 1) {
    text += environment[`${NAME}${at}`]
    delete environment[`${NAME}${at}`]
  }
  return JSON.parse(text) as AttemptSpec
}
