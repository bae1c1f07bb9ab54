import { utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { areUpToDate, missing, outputsOf } from '../../src/tasks/outputs.ts'
import { temporaryFolder } from './task-folder.ts'

describe('the outputs of a work item', () => {
  it.each<[readonly string[], readonly string[], readonly string[]]>([
    [['images/{name}.png'], ['/d/a.tar.gz'], ['/w/images/a.tar.png']],
    [['{file}.gz'], ['/d/a.h5'], ['/d/a.h5.gz']],
    [['{folder}/done/{name}'], ['/d/.hidden'], ['/d/done/.hidden']],
    [
      ['/abs/all.csv', '{name}'],
      ['/d/a.x', '/e/b.x'],
      ['/abs/all.csv', '/w/a', '/w/b'],
    ],
    [['{name}.png'], ['/d/a.x', '/e/a.x'], ['/w/a.png']],
    [['{name}.png', 'x'], [], ['/w/x']],
    [['{other}-$&'], ['/d/a'], ['/w/{other}-$&']],
    [['{name}'], ['/d/$&\udcff.x'], ['/w/$&\udcff']],
  ])('%j of %j', (patterns, files, expected) => {
    expect(outputsOf(patterns, files, '/w')).toEqual(expected)
  })

  const folder = () => temporaryFolder({ old: '', new: '', other: '' })
  const made = (where: string, name: string, seconds: number) => {
    const file = path.join(where, name)
    writeFileSync(file, '')
    utimesSync(file, seconds, seconds)
    return file
  }

  it('are up to date when none is missing, or older than an input', async () => {
    const where = folder()
    const [one, two, three] = [made(where, 'a', 100), made(where, 'b', 200), made(where, 'c', 300)]
    expect(await areUpToDate([two, three], [one, two])).toBe(true)
    expect(await areUpToDate([one, three], [two])).toBe(false)
    expect(await areUpToDate([three, path.join(where, 'x')], [one])).toBe(false)
    expect(await areUpToDate([three], [path.join(where, 'x')])).toBe(false)
    expect(await areUpToDate([], [one])).toBe(false)
    expect(await areUpToDate([three], [])).toBe(false)
  })

  it('that are not there', async () => {
    const where = folder()
    const one = made(where, 'a', 100)
    expect(await missing([one, path.join(where, 'x')])).toEqual([path.join(where, 'x')])
  })
})
