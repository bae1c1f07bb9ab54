import yargs from 'yargs'
import { version } from '../version.ts'
import type { Command, Given, Invocation } from './command.ts'
import { commands } from './commands.ts'

/** Called with the command that was meant, unless something is wrong with the words. */
export type OnCommand = (command: Command, given: Given, invocation: Invocation) => Promise<void>

/** Reads the words after `odop`. Resolves with what is wrong with them, as a user should read it; null: nothing is. */
export async function parseCommandLine(
  argv: readonly string[],
  onCommand: OnCommand,
): Promise<string | null> {
  const invocation = splitAtDashes(argv)
  if (invocation.odop.some(word => word === '--help' || word === '-h')) {
    const { printHelp } = await import('./help/print-help.ts')
    printHelp(invocation.odop, commands)
    return null
  }
  let usageError: string | null = null
  const parser = yargs([...invocation.odop])
    .scriptName('odop')
    .parserConfiguration({
      'boolean-negation': false,
      'duplicate-arguments-array': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .version(version())
    .help(false)
    .strict()
    .demandCommand(1, `expected a command, such as: odop run -- ./app`)
    .exitProcess(false)
    .fail((message, error) => {
      // With exitProcess(false) yargs goes on after a failure: only the first one is the user's.
      usageError ??= message ?? error.message
    })
  for (const command of meant(invocation)) {
    parser.command(command.usage, command.describe, command.options, async given => {
      if (usageError === null) await onCommand(command, given, invocation)
    })
  }
  await parser.parseAsync()
  return usageError
}

/** yargs prepares help for all that it knows, which takes 20 ms: it is told of one command where that is named. */
function meant({ odop: [first] }: Invocation): readonly Command[] {
  const named = commands.filter(({ usage }) => usage.split(' ')[0] === first)
  return named.length > 0 ? named : commands
}

/** What follows the first `--` is the application's, to the letter: yargs never sees it. */
function splitAtDashes(argv: readonly string[]): Invocation {
  const at = argv.indexOf('--')
  if (at === -1) return { odop: argv, application: null }
  return { odop: argv.slice(0, at), application: argv.slice(at + 1) }
}
