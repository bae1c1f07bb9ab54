import { type Command, stringOf } from './command.ts'

/** What the scripts of `odop completion` ask at each Tab: it is fast, prints a name a line, and never fails. */
export const completeCommand: Command = {
  usage: 'complete WHAT [WORD..]',
  describe: 'runs; tasks of the run that is among the words (default: of the newest); changes: either',
  hidden: true,
  options: {},
  async run(given, invocation) {
    // yargs keeps only the last of several.
    const [, , ...words] = invocation.odop
    const { complete } = await import('./complete.ts')
    return complete({
      what: stringOf(given, 'WHAT') ?? '',
      words,
      cwd: process.cwd(),
      environment: process.env,
    })
  },
}
