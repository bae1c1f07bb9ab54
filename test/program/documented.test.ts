import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readOptions } from '../../src/attach/options.ts'
import type { Odop, StartOptions } from '../../src/index.ts'

const page = readFileSync(new URL('../../docs/programmatic.md', import.meta.url), 'utf8')

// The compiler sees to it that none is missing here.
const OPTIONS: Record<keyof StartOptions, unknown> = {
  name: 'x',
  tasks: ['a', 'file:///b'],
  config: { drain: true },
  noTasks: true,
}
const MEMBERS: Record<Exclude<keyof Odop, symbol>, string> = {
  name: '`name`, `folder`',
  folder: '`name`, `folder`',
  problem: '`problem`',
  warnings: '`warnings`',
  add: '`add(tasks, options)`',
  stop: '`stop()`',
}

it('documents every option of start(), and every member of what it resolves to', () => {
  for (const option of Object.keys(OPTIONS)) expect(page).toContain(`\n| \`${option}\` |`)
  for (const row of Object.values(MEMBERS)) expect(page).toContain(`\n| ${row} |`)
})

it('knows the options that are documented', () => {
  expect(readOptions(OPTIONS)).toEqual({
    flags: { name: 'x', tasks: ['a', '/b'], noTasks: true },
    configFile: null,
    configValues: { drain: true },
  })
  expect(readOptions({ tasks: 'a', config: 'file:///c.yaml' })).toEqual({
    flags: { tasks: ['a'] },
    configFile: '/c.yaml',
    configValues: undefined,
  })
  expect(readOptions({})).toEqual({ flags: {}, configFile: null, configValues: undefined })
})

it.each([
  [{ drain: true }, 'unknown key `drain`'],
  [{ tasks: [1] }, 'tasks: expected'],
  [{ noTasks: 'yes please' }, 'no-tasks: expected true or false'],
  [{ config: 5 }, 'config: expected a file or an object'],
  [null, 'expected an object'],
])('refuses %j', (options, problem) => {
  expect(readOptions(options)).toEqual({ problem: expect.stringContaining(problem) })
})
