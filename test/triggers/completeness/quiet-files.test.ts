import { expect, test } from 'vitest'
import { QuietFiles } from '../../../src/triggers/completeness/quiet-files.ts'

test('quiet is the same version at two looks that are far enough apart', () => {
  const quiet = new QuietFiles(2)
  expect(quiet.isQuiet('x', '1', 0)).toBe(false)
  expect(quiet.isQuiet('x', '1', 1999)).toBe(false)
  expect(quiet.isQuiet('x', '2', 2000)).toBe(false)
  expect(quiet.isQuiet('x', '2', 3999)).toBe(false)
  expect(quiet.isQuiet('x', '2', 4000)).toBe(true)
  expect(quiet.size).toBe(0)
})

test('the first due is the one that has been quiet for longest', () => {
  const quiet = new QuietFiles(2)
  quiet.isQuiet('x', '1', 0)
  quiet.isQuiet('y', '1', 100)
  quiet.isQuiet('z', '1', 200)
  quiet.isQuiet('x', '2', 300)
  expect(quiet.nextDue(300)).toBe(1800)
  expect(quiet.due(2150, 10)).toEqual(['y'])
  expect(quiet.due(2300, 2)).toEqual(['y', 'z'])
  for (const path of ['x', 'y', 'z']) quiet.forget(path)
  expect(quiet.nextDue(300)).toBeNull()
})

test('a settle time of zero waits for nothing', () => {
  expect(new QuietFiles(0).isQuiet('x', '1', 0)).toBe(true)
})
