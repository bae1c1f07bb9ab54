import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Command } from '../../src/cli/command.ts'
import { commands } from '../../src/cli/commands.ts'
import { nameOf } from '../../src/cli/help/command-pages.ts'

const page = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8')
const documented = commands.filter(({ hidden }) => hidden !== true)
const byName = documented.map(command => [nameOf(command), command] as const)

/** What the page says of a command: the sections with its name in the heading. */
function sectionsOf(name: string): string {
  return sections()
    .filter(({ names }) => names.includes(name))
    .map(({ text }) => text)
    .join('\n')
}

function sections(): readonly { names: readonly string[]; text: string }[] {
  return page.split(/^## /m).map(text => {
    const heading = text.split('\n')[0] ?? ''
    return { names: [...heading.matchAll(/`odop ([a-z]+)/g)].map(match => match[1] ?? ''), text }
  })
}

function optionsOf(commandNames: readonly string[]): ReadonlySet<string> {
  const named: readonly Command[] = documented.filter(command => commandNames.includes(nameOf(command)))
  return new Set([...named.flatMap(({ options }) => Object.keys(options)), 'help'])
}

describe('docs/command-line.md', () => {
  test.each(byName)('lists `odop %s`', name => {
    expect(page).toMatch(new RegExp(`^\\| \`odop ${name}[ \`]`, 'm'))
  })

  test.each(byName.filter(([, { options }]) => Object.keys(options).length > 0))(
    'describes `odop %s` with all its options in a section of its own',
    (name, { options }) => {
      const text = sectionsOf(name)
      const missing = Object.keys(options).filter(option => !new RegExp(`--${option}(?![a-z-])`).test(text))
      expect(missing).toEqual([])
    },
  )

  test('names no command that does not exist', () => {
    const known = documented.map(nameOf)
    const named = [...page.matchAll(/`odop ([a-z]+)/g)].map(match => match[1] ?? '')
    expect(named.filter(name => !known.includes(name))).toEqual([])
  })

  test('names no option that does not exist', () => {
    const known = optionsOf(documented.map(nameOf))
    const named = [...page.matchAll(/--([a-z][a-z-]+)/g)].map(match => match[1] ?? '')
    expect(named.filter(option => !known.has(option))).toEqual([])
  })

  test.each(sections().filter(({ names }) => names.length > 0))(
    'gives $names only options that they have',
    ({ names, text }) => {
      const known = optionsOf(names)
      // The first column of the tables.
      const cells = [...text.matchAll(/^\| ((?:`--[^|]*)+) \|/gm)].map(match => match[1] ?? '')
      const named = cells.flatMap(cell =>
        [...cell.matchAll(/`--([a-z][a-z-]+)/g)].map(match => match[1] ?? ''),
      )
      expect(named.filter(option => !known.has(option))).toEqual([])
    },
  )
})
