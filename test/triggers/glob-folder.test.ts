import { describe, expect, test } from 'vitest'
import { nameFilter } from '../../src/triggers/filter.ts'
import { globFilter, globParts, isGlob } from '../../src/triggers/glob-folder.ts'
import { mkdir, writeFile } from './files.ts'
import { eventually, glob, Place } from './watched.ts'

const filterOf = (pattern: string, { recursive = false, inner = null as string | null } = {}) =>
  globFilter({
    glob: pattern,
    recursive,
    inner: nameFilter(inner === null ? null : glob(inner), text => {
      throw new Error(text)
    }),
  })

test.each([
  ['data/run*/out', true, 'data', 'run*/out'],
  ['data/**/*.h5', true, 'data', '**/*.h5'],
  ['/scratch/*', true, '/scratch', '*'],
  ['/*/out', true, '/', '*/out'],
  ['*.h5', true, '', '*.h5'],
  ['../{a,b}/c', true, '..', '{a,b}/c'],
  ['data/run(1)', false, null, null],
  ['data', false, null, null],
])('%s: a pattern is %s, %j and %j', (folder, isPattern, base, pattern) => {
  expect(isGlob(folder)).toBe(isPattern)
  if (isPattern) expect(globParts(folder)).toEqual({ base, glob: pattern })
})

describe('files', () => {
  test.each([
    ['run*/out', 'run1/out/a.h5', true],
    ['run*/out', 'run1/out', true],
    ['run*/out', 'run1/a.h5', false],
    ['run*/out', 'run1/out/deep/a.h5', false],
    ['run*/out', 'other/out/a.h5', false],
    ['run*/out', 'run1/out/.a.h5', false],
    ['**/*.h5', 'a.h5', true],
    ['**/*.h5', 'x/y/a.h5', true],
    ['**/*.h5', 'x/.y/a.h5', false],
    ['**/*.h5', 'x/a.nc', false],
    ['{a,b}/*.h5', 'b/x.h5', true],
    ['{a,b}/*.h5', 'c/x.h5', false],
    ['*', 'a/b', true],
    ['*', 'a/b/c', false],
  ])('%s on %s: %s', (pattern, below, wanted) => {
    expect(filterOf(pattern).file(below)).toBe(wanted)
  })

  test.each([
    ['run*', 'run1/deep/er/a.h5', true],
    ['run*', 'run1/.deep/a.h5', true],
    ['run*', 'x/run1/a.h5', false],
  ])('%s and below on %s: %s', (pattern, below, wanted) => {
    expect(filterOf(pattern, { recursive: true }).file(below)).toBe(wanted)
  })

  test('a filter holds for what is in the folders, and for files that the pattern names', () => {
    const filter = filterOf('run*', { recursive: true, inner: '*.h5' })
    expect(['run1/a.h5', 'run1/a.nc', 'run1/x/a.h5', 'run.h5', 'run'].map(filter.file)).toEqual([
      true,
      false,
      true,
      true,
      false,
    ])
    expect(filterOf('run*', { recursive: true, inner: 'x/*.h5' }).file('run1/x/a.h5')).toBe(true)
  })
})

describe('folders that can not lead to a match are not looked at', () => {
  test.each([
    ['run*/out', ['run1', 'run1/out'], ['x', 'run1/x', 'run1/out/x']],
    ['**/out', ['x', 'x/y'], ['.git', 'x/.git']],
    ['run*/**/out', ['run1', 'run1/x/y'], ['x', 'run1/.x']],
    ['{a/b,c}/d', ['a', 'x'], ['.a']],
  ])('%s: %j, but not %j', (pattern, wanted, unwanted) => {
    const filter = filterOf(pattern)
    expect(wanted.filter(filter.folder)).toEqual(wanted)
    expect(unwanted.filter(filter.folder)).toEqual([])
  })

  test('but all that is below a folder that is named, if that is asked for', () => {
    const filter = filterOf('run*', { recursive: true })
    expect(['run1', 'run1/x', 'run1/x/y', 'x', 'run1/.git'].map(filter.folder)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ])
  })
})

test('a folder that is a pattern: what is there, what comes, and folders that are made later', async () => {
  await using place = await Place.make()
  for (const run of ['run1', 'run2', 'other']) await mkdir(place.path('data', run, 'out'))
  await writeFile(place.path('data/run1/out/a'), 'x')
  await writeFile(place.path('data/other/out/a'), 'x')
  const watched = place.fileIn({ folder: 'data/run*/out' })
  expect(watched.source.isBusy?.()).toBe(true)
  await eventually(() => expect(watched.files).toEqual([place.path('data/run1/out/a')]))
  await eventually(() => expect(watched.source.isBusy?.()).toBe(false))
  await writeFile(place.path('data/run2/out/b'), 'x')
  await mkdir(place.path('data/run3/out'))
  await writeFile(place.path('data/run3/out/c'), 'x')
  await writeFile(place.path('data/run3/d'), 'x')
  await eventually(() => expect(watched.files).toHaveLength(3))
  await watched.source.flush({ incompleteBatches: true })
  expect(watched.files.slice(1).sort()).toEqual([
    place.path('data/run2/out/b'),
    place.path('data/run3/out/c'),
  ])
})

test('a whole pattern, below a folder that is not there yet', async () => {
  await using place = await Place.make()
  const watched = place.fileIn({ folder: 'data/**/*.h5' })
  await mkdir(place.path('data/deep/er'))
  await writeFile(place.path('data/deep/er/a.h5'), 'x')
  await writeFile(place.path('data/b.h5'), 'x')
  await writeFile(place.path('data/b.nc'), 'x')
  await eventually(() => expect(watched.files).toHaveLength(2))
  await watched.source.flush({ incompleteBatches: true })
  expect(watched.files.sort()).toEqual([place.path('data/b.h5'), place.path('data/deep/er/a.h5')])
})
