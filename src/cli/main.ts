import { writeStderr } from '../os/stderr.ts'
import { parseCommandLine } from './parse.ts'

/** Exit code of a usage error, before anything was launched. */
const USAGE_ERROR = 2

main(process.argv.slice(2)).then(code => process.exit(code))

/** Parses the command line, runs one command, and gives the exit code of odop. */
async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0
  const usageError = await parseCommandLine(argv, async (command, given, invocation) => {
    exitCode = await command.run(given, invocation)
  })
  if (usageError === null) return exitCode
  writeStderr(`odop: ${usageError}\nodop: 'odop --help' and 'odop COMMAND --help' tell what is expected\n`)
  return USAGE_ERROR
}
