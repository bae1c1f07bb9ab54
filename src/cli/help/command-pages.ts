import type { Options } from 'yargs'
import type { Command } from '../command.ts'
import {
  applicationCommands,
  type Example,
  groups,
  optionValues,
  type Value,
  wordProposals,
} from './help-data.ts'

/** A command as help texts, the manual page and the shells' completions show it. */
export interface CommandPage {
  readonly name: string
  /** `odop run [options] -- COMMAND…`. */
  readonly usage: string
  readonly describe: string
  /** Words that are no options, in their order. */
  readonly words: readonly WordPage[]
  readonly options: readonly OptionPage[]
  readonly example: Example | null
  /** What follows `--` is an application. */
  readonly hasApplication: boolean
}

export interface WordPage extends Value {
  /** It is the last word, and may come again. */
  readonly many: boolean
}

export interface OptionPage {
  /** Without the dashes. */
  readonly name: string
  readonly describe: string
  /** null: it takes none. */
  readonly value: Value | null
  /** Several values may follow. */
  readonly many: boolean
}

export interface PageGroup {
  readonly title: string
  readonly pages: readonly CommandPage[]
}

/** All commands for users, in groups. One that is in no group comes last, under a title of its own. */
export function pageGroups(commands: readonly Command[]): readonly PageGroup[] {
  const shown = commands.filter(({ hidden }) => hidden !== true)
  const grouped = groups.map(({ title, commands: examples }) => ({
    title,
    pages: Object.entries(examples).flatMap(([name, example]) =>
      shown.filter(command => nameOf(command) === name).map(command => pageOf(command, example)),
    ),
  }))
  const known = new Set(groups.flatMap(group => Object.keys(group.commands)))
  const others = shown.filter(command => !known.has(nameOf(command)))
  return [...grouped, { title: 'Others', pages: others.map(command => pageOf(command, null)) }].filter(
    ({ pages }) => pages.length > 0,
  )
}

export function nameOf({ usage }: Command): string {
  return usage.split(' ')[0] ?? ''
}

function pageOf(command: Command, example: Example | null): CommandPage {
  const name = nameOf(command)
  const [, ...words] = command.usage.split(' ')
  const options = Object.entries(command.options).map(([option, given]) => optionPage(option, given))
  const hasApplication = applicationCommands.includes(name)
  return {
    name,
    usage: [
      `odop ${command.usage}`,
      ...(options.length > 0 ? ['[options]'] : []),
      ...(hasApplication ? ['-- COMMAND…'] : []),
    ].join(' '),
    describe: command.describe,
    words: words.map(word => wordPage(name, word)),
    options,
    example,
    hasApplication,
  }
}

/** `RUN`, `[RUN]` or `[FOLDER..]`. */
function wordPage(command: string, word: string): WordPage {
  const placeholder = word.replace(/^\[|\]$/g, '').replace(/\.+$/, '')
  const proposals = wordProposals[`${command} ${placeholder}`] ?? wordProposals[placeholder] ?? 'nothing'
  return { placeholder, proposals, many: word.includes('..') }
}

function optionPage(name: string, { type, describe }: Options): OptionPage {
  const value = optionValues[name] ?? { placeholder: 'VALUE', proposals: 'nothing' }
  return {
    name,
    describe: typeof describe === 'string' ? describe : '',
    value: type === 'boolean' ? null : value,
    many: type === 'array',
  }
}

/** `--drain[=DURATION]`, `--tasks DIR…`, `--quiet`. */
export function optionText({ name, value, many }: OptionPage): string {
  if (value === null) return `--${name}`
  if (value.optional) return `--${name}[=${value.placeholder}]`
  return `--${name} ${value.placeholder}${many ? '…' : ''}`
}
