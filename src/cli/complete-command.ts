import { type Command, stringOf, stringsOf } from './command.ts'

/** What the scripts of `odop completion` ask at each Tab: it is fast, prints a name a line, and never fails. */
export const completeCommand: Command = {
  usage: 'complete WHAT [WORD..]',
  describe: 'runs, or tasks of the run that is among the words (default: of the newest)',
  hidden: true,
  options: {},
  async run(given) {
    const { complete } = await import('./complete.ts')
    return complete({
      what: stringOf(given, 'WHAT') ?? '',
      words: stringsOf(given, 'WORD') ?? [],
      cwd: process.cwd(),
      environment: process.env,
    })
  },
}
