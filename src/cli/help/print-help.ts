import type { Command } from '../command.ts'
import { print } from '../print.ts'
import { terminal } from '../terminal.ts'
import { pageGroups } from './command-pages.ts'
import { commandText, overviewText } from './help-text.ts'

/** Lines longer than this are hard to read. */
const WIDEST = 100

/** Help for the command that is the first of the words, else for odop. */
export function printHelp(words: readonly string[], commands: readonly Command[]): void {
  const width = Math.min(WIDEST, terminal(process.env).width)
  const groups = pageGroups(commands)
  const page = groups.flatMap(({ pages }) => pages).find(({ name }) => name === words[0])
  print(page === undefined ? overviewText(groups, width) : commandText(page, width))
}
