import { stringWidth } from '../../views/string-width.ts'
import { type CommandPage, optionText, type PageGroup } from './command-pages.ts'

/** `odop --help`. */
export function overviewText(groups: readonly PageGroup[], width: number): string {
  const sections = groups.map(({ title, pages }) => section(title, commandRows(pages), width))
  return `odop COMMAND [options]

${wrapped('Runs data operations on the cores that an application leaves idle.', width).join('\n')}

${sections.join('\n')}
${section('Examples', exampleRows(groups), width)}
${wrapped('odop COMMAND --help tells the options of a command, odop --version the version.', width).join('\n')}
`
}

/** `odop COMMAND --help`. */
export function commandText(page: CommandPage, width: number): string {
  const options: readonly Row[] = page.options.map(option => [optionText(option), option.describe])
  const parts = [
    `${page.usage}\n`,
    `${wrapped(page.describe, width).join('\n')}\n`,
    ...(options.length > 0 ? [section('Options', options, width)] : []),
    ...(page.example === null
      ? []
      : [`Example\n  ${page.example.line}\n${indented(page.example.does, 6, width)}\n`]),
  ]
  return parts.join('\n')
}

type Row = readonly [left: string, right: string]

function commandRows(pages: readonly CommandPage[]): readonly Row[] {
  return pages.map(({ usage, describe }) => [usage.replace(/^odop /, '').replace(' [options]', ''), describe])
}

/** Of each group what one would begin with. */
function exampleRows(groups: readonly PageGroup[]): readonly Row[] {
  return groups.flatMap(({ pages }) =>
    pages
      .flatMap(({ example }) => (example === null ? [] : [[example.line, example.does] as const]))
      .slice(0, 2),
  )
}

/** Left sides longer than this have their right side on lines of its own. */
const WIDEST_LEFT = 26

function section(title: string, rows: readonly Row[], width: number): string {
  const lefts = rows.map(([left]) => stringWidth(left)).filter(length => length <= WIDEST_LEFT)
  const column = Math.max(12, ...lefts) + 4
  return `${title}\n${rows.map(row => rowText(row, column, width)).join('')}`
}

function rowText([left, right]: Row, column: number, width: number): string {
  const text = indented(right, column, width)
  const room = column - 2 - stringWidth(left)
  if (room < 2) return `  ${left}\n${text}\n`
  return `  ${left}${' '.repeat(room)}${text.trimStart()}\n`
}

function indented(text: string, by: number, width: number): string {
  return wrapped(text, width - by)
    .map(line => `${' '.repeat(by)}${line}`)
    .join('\n')
}

/** Lines of whole words; a word that is longer than a line stays whole. */
function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || stringWidth(last) + 1 + stringWidth(word) > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
