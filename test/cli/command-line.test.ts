import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Command } from '../../src/cli/command.ts'
import { doctorCommand } from '../../src/cli/doctor-command.ts'
import { drainCommand } from '../../src/cli/drain-command.ts'
import { initCommand } from '../../src/cli/init-command.ts'
import { monitorCommand, runCommand } from '../../src/cli/run-command.ts'
import { runsCommand } from '../../src/cli/runs-command.ts'
import { statusCommand } from '../../src/cli/status-command.ts'
import { tasksCommand } from '../../src/cli/tasks-command.ts'

const commands: readonly Command[] = [
  runCommand,
  monitorCommand,
  statusCommand,
  runsCommand,
  drainCommand,
  tasksCommand,
  initCommand,
  doctorCommand,
]
const page = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8')
const main = readFileSync(new URL('../../src/cli/main.ts', import.meta.url), 'utf8')

test('every command of the program is in this list', () => {
  expect(main.match(/import \{[^}]*Command[^}]*\} from '\.\/[a-z]+-command\.ts'/g)).toHaveLength(7)
})

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
