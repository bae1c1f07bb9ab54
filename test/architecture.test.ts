import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../src', import.meta.url))

/** What the files of a folder may import of the other folders of `src`; every folder may import itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  os: ['core'],
}

/** Imports point inward: what decides and acts knows nothing of the command line. */
const NOT_CLI = [
  'core',
  'os',
  'app',
  'attach',
  'node',
  'cluster',
  'triggers',
  'journal',
  'program',
  'simulation',
  'tasks',
  'views',
  'supervisor',
  'config',
  'policy',
  'api',
]

interface Import {
  readonly from: string
  readonly to: string
}

function sources(): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter(file => /\.tsx?$/.test(file))
    .sort()
}

/** All that a file imports, types included, as it is written. */
function importsOf(file: string): string[] {
  const text = readFileSync(path.join(root, file), 'utf8')
  const written =
    /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/g
  return [...text.matchAll(written)].map(match => match[1] ?? match[2] ?? '')
}

function imports(): Import[] {
  return sources().flatMap(file => importsOf(file).map(to => ({ from: file, to })))
}

/** The file below `src` that is meant; null: a package. */
function target({ from, to }: Import): string | null {
  return to.startsWith('.') ? path.relative(root, path.resolve(root, path.dirname(from), to)) : null
}

function folder(file: string): string {
  return file.includes(path.sep) ? (file.split(path.sep)[0] ?? '') : '.'
}

const all = imports()
const text = ({ from, to }: Import) => `${from} imports ${to}`

test('imports are found', () => {
  expect(importsOf('core/schedule.ts')).toEqual(
    expect.arrayContaining(['./actions.ts', './schedule/plan.ts']),
  )
  expect(all.length).toBeGreaterThan(30)
})

test('every imported file exists', () => {
  const missing = all.filter(each => {
    const file = target(each)
    return file !== null && !file.startsWith('..') && !existsSync(path.join(root, file))
  })
  expect(missing.map(text)).toEqual([])
})

describe('imports point inward', () => {
  test.each(Object.entries(MAY_IMPORT))('%s', (name, allowed) => {
    const outward = all.filter(each => {
      const file = target(each)
      return folder(each.from) === name && file !== null && ![name, ...allowed].includes(folder(file))
    })
    expect(outward.map(text)).toEqual([])
  })

  test.each(NOT_CLI)('%s does not import cli', name => {
    const outward = all.filter(each => folder(each.from) === name && folder(target(each) ?? '.') === 'cli')
    expect(outward.map(text)).toEqual([])
  })
})

test('core imports no package and nothing of Node: it is pure', () => {
  const impure = all.filter(each => folder(each.from) === 'core' && target(each) === null)
  expect(impure.map(text)).toEqual([])
})

test('core asks no clock, no chance, no environment', () => {
  const forbidden =
    /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|process\.(env|cwd|pid|hrtime)|setTimeout|setInterval|fetch\()/
  const asking = sources().filter(
    file => folder(file) === 'core' && forbidden.test(readFileSync(path.join(root, file), 'utf8')),
  )
  expect(asking).toEqual([])
})
