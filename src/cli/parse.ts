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
  let usageError: string | null = null
  const parser = yargs([...invocation.odop])
    .scriptName('odop')
    .usage('$0 COMMAND [options]\n\nRuns data operations on the cores that an application leaves idle.')
    .parserConfiguration({
      'boolean-negation': false,
      'duplicate-arguments-array': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
    })
    .version(version())
    .alias({ help: 'h' })
    .strict()
    .demandCommand(1, `expected a command, such as: odop run -- ./app`)
    .exitProcess(false)
    .wrap(100)
    .epilogue('odop COMMAND --help tells the options of a command.')
    .fail((message, error) => {
      // With exitProcess(false) yargs goes on after a failure: only the first one is the user's.
      usageError ??= message ?? error.message
    })
  for (const command of commands) {
    parser.command(command.usage, command.describe, command.options, async given => {
      if (usageError === null) await onCommand(command, given, invocation)
    })
  }
  await parser.parseAsync()
  return usageError
}

/** What follows the first `--` is the application's, to the letter: yargs never sees it. */
function splitAtDashes(argv: readonly string[]): Invocation {
  const at = argv.indexOf('--')
  if (at === -1) return { odop: argv, application: null }
  return { odop: argv.slice(0, at), application: argv.slice(at + 1) }
}
