import { utimes } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { mkdir, rename, rm, writeFile } from './files.ts'
import { eventually, glob, Place } from './watched.ts'
import { Writer } from './writer.ts'

const flush = { incompleteBatches: false }

describe('file-updated', () => {
  test('fires for the version at the start, then for each that is written', async () => {
    await using place = await Place.make()
    await writeFile(place.path('state'), '1')
    const watched = place.fileUpdated({ path: 'state' })
    await eventually(() => expect(watched.fired).toHaveLength(1))
    for (const text of ['22', '333', '4444']) {
      const before = watched.fired.length
      await writeFile(place.path('state'), text)
      await eventually(() => expect(watched.fired.length).toBeGreaterThan(before))
      expect(watched.fired.at(-1)?.version).toMatch(new RegExp(`^\\d+:${text.length}$`))
    }
    expect(new Set(watched.files)).toEqual(new Set([place.path('state')]))
  })

  test('a version that an earlier launch has seen does not fire again', async () => {
    await using place = await Place.make()
    await writeFile(place.path('state'), '1')
    const first = place.fileUpdated({ path: 'state' })
    await first.source.flush(flush)
    const [fired] = first.fired
    const seen = [`${place.path('state')}\0${fired?.version}`]
    const second = place.fileUpdated({ path: 'state' }, { seen })
    await second.source.flush(flush)
    expect(second.fired).toEqual([])
    await writeFile(place.path('state'), 'longer')
    await eventually(() => expect(second.fired).toHaveLength(1))
  })

  test.skipIf(process.platform !== 'linux')(
    'versions of which none was complete come as the last one (needs Linux: /proc)',
    async () => {
      await using place = await Place.make()
      await using writer = new Writer()
      await writeFile(place.path('sentinel'), '')
      const watched = place.fileUpdated({ path: '.' })
      await eventually(() => expect(watched.files).toEqual([place.path('sentinel')]))
      const fd = await writer.open(place.path('state'))
      for (let n = 1; n <= 20; n++) await writer.write(fd, 'x')
      await writeFile(place.path('sentinel'), 'changed')
      await eventually(() =>
        expect(watched.files.filter(path => path.endsWith('sentinel')).length).toBeGreaterThan(1),
      )
      expect(watched.files).not.toContain(place.path('state'))
      await writer.closeFile(fd)
      await watched.source.flush(flush)
      expect(watched.fired.filter(({ files }) => files[0] === place.path('state'))).toEqual([
        { task: 'reduce', files: [place.path('state')], version: expect.stringMatching(/:20$/) },
      ])
    },
  )

  test('a touched file is a new version, and one that is moved over it', async () => {
    await using place = await Place.make()
    await writeFile(place.path('state'), 'x')
    const watched = place.fileUpdated({ path: 'state' })
    await watched.source.flush(flush)
    await utimes(place.path('state'), 1000, 2000)
    await eventually(() => expect(watched.fired.at(-1)?.version).toBe('2000000000000:1'))
    await writeFile(place.path('next'), 'next')
    await rename(place.path('next'), place.path('state'))
    await eventually(() => expect(watched.fired).toHaveLength(3))
  })

  test('a file that is made later, in a folder that is made later', async () => {
    await using place = await Place.make()
    const watched = place.fileUpdated({ path: 'out/state' })
    await watched.source.flush(flush)
    await mkdir(place.path('out'))
    await writeFile(place.path('out', 'state'), 'x')
    await eventually(() => expect(watched.files).toEqual([place.path('out', 'state')]))
    await rm(place.path('out', 'state'))
    await writeFile(place.path('out', 'state'), 'again')
    await eventually(() => expect(watched.files).toHaveLength(2))
    expect(watched.warnings).toEqual([])
  })

  test('any file of a folder that passes the filter, also when the folder is made later', async () => {
    await using place = await Place.make()
    const watched = place.fileUpdated({ path: 'out', filter: glob('*.csv'), recursive: true })
    await watched.source.flush(flush)
    await mkdir(place.path('out', 'deep'))
    await writeFile(place.path('out', 'a.txt'), 'x')
    await writeFile(place.path('out', 'a.csv'), 'x')
    await eventually(() => expect(watched.files).toEqual([place.path('out', 'a.csv')]))
    await writeFile(place.path('out', 'deep', 'b.csv'), 'x')
    await eventually(() =>
      expect(watched.files).toEqual([place.path('out', 'a.csv'), place.path('out', 'deep', 'b.csv')]),
    )
    await writeFile(place.path('out', 'a.csv'), 'changed')
    await eventually(() => expect(watched.files.at(-1)).toEqual(place.path('out', 'a.csv')))
  })

  test('on a network file system changes are found by looking', async () => {
    await using place = await Place.make()
    await writeFile(place.path('state'), 'x')
    const watched = place.fileUpdated({ path: 'state', settleSeconds: 0.1 }, { as: 'network' })
    await eventually(() => expect(watched.fired).toHaveLength(1))
    await writeFile(place.path('state'), 'changed')
    await eventually(() => expect(watched.fired).toHaveLength(2))
  })
})
