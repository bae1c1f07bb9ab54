import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commands } from '../../src/cli/commands.ts'

const page = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8')

test.each(commands.map(command => [command.usage.split(' ')[0] ?? '', command] as const))(
  'docs/command-line.md describes `odop %s` with all its options',
  (name, command) => {
    expect(page).toContain(`odop ${name}`)
    for (const option of Object.keys(command.options)) expect(page).toContain(`--${option}`)
  },
)

test('docs/command-line.md names no option that does not exist', () => {
  const known = new Set([...commands.flatMap(({ options }) => Object.keys(options)), 'help'])
  const named = [...page.matchAll(/--([a-z][a-z-]+)/g)].map(match => match[1] ?? '')
  expect(named.filter(option => !known.has(option))).toEqual([])
})
