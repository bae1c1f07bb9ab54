import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { readers } from '../../src/config/values.ts'
import { OPTIONS } from '../../src/tasks/directives/options.ts'
import { taskSchema } from '../../src/tasks/parameters.ts'

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')

it('documents every parameter of a task', () => {
  for (const parameter of Object.keys(taskSchema(2).shape))
    expect(page('tasks.md')).toContain(`\n| \`${parameter}\` |`)
})

it('documents every option of directives', () => {
  for (const { name } of OPTIONS) expect(page('tasks.md')).toMatch(new RegExp(`\`--${name}[ \`]`))
})

it('documents every option of a trigger and every member of the context', () => {
  for (const option of ['filter', 'batchSize', 'recursive', 'flush', 'settle', 'on']) {
    expect(page('tasks.md')).toContain(`\n| \`${option}\` |`)
  }
  for (const member of [
    'files',
    'file',
    'signal',
    'log(text)',
    'attempt',
    'cores',
    'gpus',
    'rank`, `ranks',
    'parameters',
    'scratch',
  ]) {
    expect(page('tasks.md')).toContain(`\n| \`${member}\` |`)
  }
})

it('documents every key of the configuration, with its variable and its flag', () => {
  const rows = page('configuration.md').split('\n')
  for (const key of Object.keys(readers)) {
    const row = rows.find(line => line.startsWith(`| \`${key}\` |`)) ?? ''
    const words = key.replaceAll(/[A-Z]/g, letter => `-${letter}`).toLowerCase()
    expect(row).toContain(
      key === 'odopPath' ? '`ODOP_PATH`' : `\`ODOP_${words.replaceAll('-', '_').toUpperCase()}\``,
    )
    const [flag] = /`--[a-z-]+`/.exec(row) ?? []
    if (flag !== undefined) expect(flag).toBe(`\`--${words}\``)
  }
})
