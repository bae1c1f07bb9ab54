import yargs from 'yargs'
import { writeStderr } from '../os/stderr.ts'
import { version } from '../version.ts'
import type { Invocation } from './command.ts'
import { commands } from './commands.ts'

/** Exit code of a usage error, before anything was launched. */
const USAGE_ERROR = 2

main(process.argv.slice(2)).then(code => process.exit(code))

/** Parses the command line, runs one command, and gives the exit code of odop. */
async function main(argv: readonly string[]): Promise<number> {
  const invocation = splitAtDashes(argv)
  let exitCode = 0
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
      if (usageError === null) exitCode = await command.run(given, invocation)
    })
  }
  await parser.parseAsync()
  if (usageError !== null) {
    writeStderr(`odop: ${usageError}\nodop: 'odop --help' and 'odop COMMAND --help' tell what is expected\n`)
    return USAGE_ERROR
  }
  return exitCode
}

/** What follows the first `--` is the application's, to the letter: yargs never sees it. */
function splitAtDashes(argv: readonly string[]): Invocation {
  const at = argv.indexOf('--')
  if (at === -1) return { odop: argv, application: null }
  return { odop: argv.slice(0, at), application: argv.slice(at + 1) }
}
