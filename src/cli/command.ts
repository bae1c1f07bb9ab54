import type { Options } from 'yargs'

/** The command line: odop's own words, and the application's after `--` (null: there was no `--`). */
export interface Invocation {
  readonly odop: readonly string[]
  readonly application: readonly string[] | null
}

/** What yargs parsed: every option is a string, a boolean, or a list of strings; odop's own code validates the rest. */
export type Given = Readonly<Record<string, unknown>>

/** One command of odop: what yargs needs to parse it, and what it does. */
export interface Command {
  /** As yargs writes it: `status [RUN]`. */
  readonly usage: string
  readonly describe: string
  /** It is for odop's own scripts: no help text shows it. */
  readonly hidden?: true
  readonly options: Readonly<Record<string, Options>>
  /** Gives the exit code. Prints its own errors. */
  run(given: Given, invocation: Invocation): Promise<number>
}

export function stringOf(given: Given, name: string): string | null {
  const value = given[name]
  return typeof value === 'string' ? value : null
}

export function stringsOf(given: Given, name: string): readonly string[] | null {
  const value = given[name]
  return Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : null
}
