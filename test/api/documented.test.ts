import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { resources } from '../../src/api/resources.ts'

const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8')
const metrics = readFileSync(new URL('../../src/api/prometheus.ts', import.meta.url), 'utf8')

test.each(resources.map(({ method, path }) => [method, path]))(
  'docs/api.md describes %s %s',
  (method, path) => {
    const written = path.replace(/\{(\w+)\}/, (_, name: string) => name.toUpperCase())
    expect(page).toMatch(
      new RegExp(`^\\| \`${method} ${written.replaceAll('.', '\\.')}(\\?[^\`]*)?\` \\|`, 'm'),
    )
  },
)

test('docs/api.md names every parameter', () => {
  for (const { parameters } of resources) {
    for (const { name, in: place } of parameters) if (place === 'query') expect(page).toContain(`${name}=`)
  }
})

test('docs/api.md describes every metric, and none that is not there', () => {
  const made = new Set([...metrics.matchAll(/'(odop_[a-z_]+)'/g)].map(match => match[1]))
  const told = new Set([...page.matchAll(/`(odop_[a-z_]+)(?:\{[a-z,]+\})?`/g)].map(match => match[1]))
  expect([...told].sort()).toEqual([...made].sort())
})
