import { describe, expect, test } from 'vitest'
import { nameFilter } from '../../src/triggers/filter.ts'

const silent = (text: string) => {
  throw new Error(text)
}
const glob = (pattern: string) => nameFilter({ kind: 'glob', pattern }, silent)
const regexp = (source: string, flags = '') => nameFilter({ kind: 'regexp', source, flags }, silent)

describe('files', () => {
  test.each([
    ['*.bin', 'x.bin', true],
    ['*.bin', 'deep/er/x.bin', true],
    ['*.bin', 'x.bin.tmp', false],
    ['*.bin', '\n.bin', true],
    ['*.bin', 'a\nb.bin', true],
    ['*.bin', 'bad \udcff.bin', true],
    ['*.{h5,nc}', 'x.nc', true],
    ['[ab]?.bin', 'a1.bin', true],
    ['*.bin', '.x.bin', false],
    ['.*.bin', '.x.bin', true],
    ['*', '.x', false],
    ['out/*.bin', 'out/x.bin', true],
    ['out/*.bin', 'x.bin', false],
    ['out/*.bin', 'out/deep/x.bin', false],
    ['**/*.bin', 'out/deep/x.bin', true],
    ['**/*.bin', 'x.bin', true],
    ['**/*.bin', '.git/x.bin', false],
    ['.git/*.bin', '.git/x.bin', true],
  ])('glob %j on %j: %s', (pattern, below, expected) => {
    expect(glob(pattern).file(below)).toBe(expected)
  })

  test('a RegExp sees the name only, hidden ones too, and is the same each time', () => {
    const filter = regexp('^\\.?x\\d$', 'gi')
    for (let n = 0; n < 3; n++) expect(filter.file('deep/X1')).toBe(true)
    expect(filter.file('.x2')).toBe(true)
    expect(filter.file('x1/y')).toBe(false)
  })

  test('without a filter: everything but hidden files', () => {
    const filter = nameFilter(null, silent)
    expect([filter.file('x'), filter.file('.x'), filter.file('deep/.x')]).toEqual([true, false, false])
  })
})

describe('folders', () => {
  test('hidden ones only when the glob names one', () => {
    for (const filter of [nameFilter(null, silent), glob('*.bin'), glob('**/*.bin'), regexp('x')]) {
      expect([filter.folder('deep/er'), filter.folder('deep/.git')]).toEqual([true, false])
    }
    expect(glob('.git/**').folder('.git')).toBe(true)
  })
})

test('a filter that is no expression is said, and matches nothing', () => {
  const said: string[] = []
  const filter = nameFilter({ kind: 'regexp', source: '(', flags: '' }, text => said.push(text))
  expect(filter.file('(')).toBe(false)
  expect(said).toHaveLength(1)
})
