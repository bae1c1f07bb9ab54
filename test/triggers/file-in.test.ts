import { chmod } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { mkdir, mkfifo, rename, rm, symlink, writeFile } from './files.ts'
import { eventually, glob, Place } from './watched.ts'
import { Writer } from './writer.ts'

const onLinux = process.platform === 'linux'
const isRoot = process.getuid?.() === 0

describe.skipIf(!onLinux).each(['local', 'processes'] as const)('completeness, %s (needs Linux)', as => {
  test('a file that is held open half written fires only when it is closed', async () => {
    await using place = await Place.make()
    await using writer = new Writer()
    const watched = place.fileIn({}, { as })
    const fd = await writer.open(place.path('slow.bin'))
    await writer.write(fd, 'half')
    for (const sentinel of ['one', 'two', 'three']) {
      await writer.put(place.path(sentinel), 'whole')
      await eventually(() => expect(watched.files).toContain(place.path(sentinel)))
      expect(watched.files).not.toContain(place.path('slow.bin'))
      await writer.write(fd, 'more')
    }
    await writer.closeFile(fd)
    await eventually(() => expect(watched.files).toContain(place.path('slow.bin')))
    expect(watched.files).toHaveLength(4)
  })

  test('a file that was open before the trigger started fires when it is closed', async () => {
    await using place = await Place.make()
    await using writer = new Writer()
    const fd = await writer.open(place.path('early'))
    await writer.write(fd, 'half')
    const watched = place.fileIn({}, { as })
    await writer.put(place.path('sentinel'), 'whole')
    await eventually(() => expect(watched.files).toEqual([place.path('sentinel')]))
    await writer.closeFile(fd)
    await eventually(() => expect(watched.files).toContain(place.path('early')))
  })

  test('a file with two writers fires when the last one has closed it', async () => {
    await using place = await Place.make()
    await using first = new Writer()
    await using second = new Writer()
    const watched = place.fileIn({}, { as })
    const one = await first.open(place.path('both'), 'a')
    const two = await second.open(place.path('both'), 'a')
    await first.write(one, 'x')
    await first.closeFile(one)
    await first.put(place.path('sentinel'), 'whole')
    await eventually(() => expect(watched.files).toEqual([place.path('sentinel')]))
    await second.closeFile(two)
    await eventually(() => expect(watched.files).toContain(place.path('both')))
  })

  test('a writer that is killed lets its file go', async () => {
    await using place = await Place.make()
    const watched = place.fileIn({}, { as })
    {
      await using writer = new Writer()
      const fd = await writer.open(place.path('left'))
      await writer.write(fd, 'half')
      await writer.put(place.path('sentinel'), 'whole')
      await eventually(() => expect(watched.files).toEqual([place.path('sentinel')]))
    }
    await eventually(() => expect(watched.files).toContain(place.path('left')))
  })

  test('a file that is renamed while it is open fires under its last name when it is closed', async () => {
    await using place = await Place.make()
    await using writer = new Writer()
    const watched = place.fileIn({ filter: glob('*.bin') }, { as })
    const fd = await writer.open(place.path('x.tmp'))
    await writer.write(fd, 'half')
    await writer.rename(place.path('x.tmp'), place.path('x.bin'))
    await writer.put(place.path('sentinel.bin'), 'whole')
    await eventually(() => expect(watched.files).toEqual([place.path('sentinel.bin')]))
    await writer.closeFile(fd)
    await eventually(() => expect(watched.files).toContain(place.path('x.bin')))
    expect(watched.files).toHaveLength(2)
  })

  test('an empty file that is closed fires', async () => {
    await using place = await Place.make()
    const watched = place.fileIn({}, { as })
    await writeFile(place.path('done'), '')
    await eventually(() => expect(watched.files).toEqual([place.path('done')]))
  })

  test('flush waits for an open file, and says which one it gave up', async () => {
    await using place = await Place.make()
    await using writer = new Writer()
    const watched = place.fileIn({ settleSeconds: 0 }, { as })
    const fd = await writer.open(place.path('open'))
    await writer.write(fd, 'half')
    await watched.source.flush({ incompleteBatches: true })
    expect(watched.files).toEqual([])
    expect(watched.warnings).toEqual([
      `reduce: 1 file not complete at the end and therefore not queued: ${JSON.stringify(place.path('open'))} ` +
        `was still open for writing by process ${writer.pid}`,
    ])
    const flushed = watched.source.flush({ incompleteBatches: true })
    await writer.closeFile(fd)
    await flushed
    expect(watched.files).toEqual([place.path('open')])
  })
})

describe('names', () => {
  const NAMES = [
    'with space.bin',
    'new\nline.bin',
    '\nfirst.bin',
    'emoji 😀.bin',
    'not utf-8 \udcff\udc80.bin',
    'back\\slash.bin',
    "quote'.bin",
    '-dash.bin',
    'percent%2F.bin',
  ].filter(name => onLinux || name.isWellFormed())

  test.each(NAMES.map(name => [JSON.stringify(name), name]))(
    '%s fires, existing and new',
    async (_, name) => {
      await using place = await Place.make()
      await writeFile(place.path(name), 'x')
      await mkdir(place.path('below'))
      const watched = place.fileIn({ filter: glob('*.bin'), recursive: true })
      await eventually(() => expect(watched.files).toEqual([place.path(name)]))
      await writeFile(place.path('below', name), 'x')
      await eventually(() => expect(watched.files).toEqual([place.path(name), place.path('below', name)]))
    },
  )

  test.each(NAMES.map(name => [JSON.stringify(name), name]))('folder %s is looked into', async (_, name) => {
    await using place = await Place.make()
    const watched = place.fileIn({ recursive: true })
    await mkdir(place.path(name))
    await writeFile(place.path(name, 'x'), 'x')
    await eventually(() => expect(watched.files).toEqual([place.path(name, 'x')]))
    await writeFile(place.path(name, 'y'), 'y')
    await eventually(() => expect(watched.files).toEqual([place.path(name, 'x'), place.path(name, 'y')]))
  })
})

describe('which files', () => {
  test('those there before the start, each once, and none that an earlier launch has seen', async () => {
    await using place = await Place.make()
    for (const name of ['a', 'b', 'c']) await writeFile(place.path(name), name)
    const watched = place.fileIn({}, { seen: [place.path('b')] })
    await eventually(() => expect(watched.files.toSorted()).toEqual([place.path('a'), place.path('c')]))
    for (const name of ['a', 'b', 'd']) await writeFile(place.path(name), 'again')
    await watched.source.flush({ incompleteBatches: false })
    expect(watched.files.toSorted()).toEqual([place.path('a'), place.path('c'), place.path('d')])
  })

  test('a file that is renamed into place fires as what it became', async () => {
    await using place = await Place.make()
    const watched = place.fileIn({ filter: glob('*.bin') })
    await writeFile(place.path('x.bin.tmp'), 'x')
    await rename(place.path('x.bin.tmp'), place.path('x.bin'))
    await watched.source.flush({ incompleteBatches: false })
    expect(watched.files).toEqual([place.path('x.bin')])
  })

  test('only what the filter lets through, without folders, fifos and hidden files', async () => {
    await using place = await Place.make()
    await mkdir(place.path('folder.bin'))
    await mkfifo(place.path('fifo.bin'))
    for (const name of ['.hidden.bin', 'other.txt', 'wanted.bin']) await writeFile(place.path(name), 'x')
    const watched = place.fileIn({ filter: glob('*.bin') })
    await watched.source.flush({ incompleteBatches: false })
    expect(watched.files).toEqual([place.path('wanted.bin')])
  })

  test('a link to a file fires as the link; a dangling one when its target appears', async () => {
    await using place = await Place.make()
    await mkdir(place.path('in'))
    await writeFile(place.path('target'), 'x')
    await symlink(place.path('target'), place.path('in', 'link'))
    await symlink(place.path('later'), place.path('in', 'dangling'))
    const watched = place.fileIn({ folder: 'in' })
    await watched.source.flush({ incompleteBatches: false })
    expect(watched.files).toEqual([place.path('in', 'link')])
    await writeFile(place.path('later'), 'x')
    await eventually(() =>
      expect(watched.files).toEqual([place.path('in', 'link'), place.path('in', 'dangling')]),
    )
  })

  test('links that lead into a loop, or to itself, end', async () => {
    await using place = await Place.make()
    await mkdir(place.path('in'))
    await mkdir(place.path('in', 'sub'))
    await writeFile(place.path('in', 'sub', 'x'), 'x')
    await symlink(place.path('in'), place.path('in', 'sub', 'up'))
    await symlink('..', place.path('in', 'parent'))
    await symlink('self', place.path('in', 'self'))
    const watched = place.fileIn({ folder: 'in', recursive: true })
    await watched.source.flush({ incompleteBatches: false })
    expect(watched.files).toEqual([place.path('in', 'sub', 'x')])
  })

  test('of two links to a folder elsewhere the first is followed', async () => {
    await using place = await Place.make()
    for (const folder of ['in', 'elsewhere']) await mkdir(place.path(folder))
    await writeFile(place.path('elsewhere', 'x'), 'x')
    for (const link of ['b', 'a']) await symlink(place.path('elsewhere'), place.path('in', link))
    const watched = place.fileIn({ folder: 'in', recursive: true })
    await watched.source.flush({ incompleteBatches: false })
    expect(watched.files).toEqual([place.path('in', 'a', 'x')])
  })

  test('files that vanish do not fire, and harm nobody', async () => {
    await using place = await Place.make()
    await using writer = new Writer()
    const watched = place.fileIn()
    const fd = await writer.open(place.path('gone'))
    await writer.write(fd, 'half')
    await rm(place.path('gone'))
    await writer.closeFile(fd)
    await writer.put(place.path('sentinel'), 'x')
    await watched.source.flush({ incompleteBatches: false })
    expect(watched.files).toEqual([place.path('sentinel')])
    expect(watched.warnings).toEqual([])
  })
})

describe('folders', () => {
  test('a folder that is made later, with its parents', async () => {
    await using place = await Place.make()
    const watched = place.fileIn({ folder: 'a/b/c' })
    await watched.source.flush({ incompleteBatches: false })
    await mkdir(place.path('a', 'b', 'c'))
    await writeFile(place.path('a', 'b', 'c', 'x'), 'x')
    await eventually(() => expect(watched.files).toEqual([place.path('a', 'b', 'c', 'x')]))
    expect(watched.warnings).toEqual([])
  })

  test('a folder that is removed and made again', async () => {
    await using place = await Place.make()
    await mkdir(place.path('data'))
    const watched = place.fileIn({ folder: 'data' })
    await writeFile(place.path('data', 'x'), 'x')
    await eventually(() => expect(watched.files).toEqual([place.path('data', 'x')]))
    for (const name of ['y', 'z']) {
      await rm(place.path('data'))
      await mkdir(place.path('data'))
      await writeFile(place.path('data', name), name)
      await eventually(() => expect(watched.files.at(-1)).toEqual(place.path('data', name)))
    }
    expect(watched.files).toHaveLength(3)
  })

  test('new subfolders, made together with their files', async () => {
    await using place = await Place.make()
    await using writer = new Writer()
    const watched = place.fileIn({ recursive: true })
    const expected: string[] = []
    for (let n = 0; n < 40; n++) {
      const folder = place.path(`step ${n}`)
      await writer.mkdirAndPut(folder, `${folder}/x`, 'x')
      expected.push(`${folder}/x`)
    }
    await eventually(() => expect(watched.files.toSorted()).toEqual(expected.toSorted()))
  })

  test('a folder that is moved into place brings its files', async () => {
    await using place = await Place.make()
    await mkdir(place.path('in'))
    await mkdir(place.path('made', 'deep'))
    await writeFile(place.path('made', 'deep', 'x'), 'x')
    const watched = place.fileIn({ folder: 'in', recursive: true })
    await watched.source.flush({ incompleteBatches: false })
    await rename(place.path('made'), place.path('in', 'made'))
    await eventually(() => expect(watched.files).toEqual([place.path('in', 'made', 'deep', 'x')]))
  })

  test('not recursive: what is below does not fire', async () => {
    await using place = await Place.make()
    await mkdir(place.path('sub'))
    await writeFile(place.path('sub', 'x'), 'x')
    await writeFile(place.path('y'), 'y')
    const watched = place.fileIn()
    await watched.source.flush({ incompleteBatches: false })
    expect(watched.files).toEqual([place.path('y')])
  })

  test('a file in place of the folder is said once', async () => {
    await using place = await Place.make()
    await writeFile(place.path('data'), 'x')
    const watched = place.fileIn({ folder: 'data' })
    await watched.source.flush({ incompleteBatches: false })
    await watched.source.flush({ incompleteBatches: false })
    expect(watched.warnings).toEqual([
      `${place.path('data')} is not a folder: remove it or name another one in the trigger; its files do not fire until then`,
    ])
  })

  test.skipIf(isRoot)(
    'a folder without permission is said once, and read when it has it (not as root)',
    async () => {
      await using place = await Place.make()
      await mkdir(place.path('data'))
      await writeFile(place.path('data', 'x'), 'x')
      await chmod(place.path('data'), 0)
      const watched = place.fileIn({ folder: 'data' })
      await watched.source.flush({ incompleteBatches: false })
      expect(watched.warnings).toHaveLength(1)
      await chmod(place.path('data'), 0o700)
      await eventually(() => expect(watched.files).toEqual([place.path('data', 'x')]))
    },
  )
})

describe('batches', () => {
  test('fire when they are full, in the order of completion; the rest at the end', async () => {
    await using place = await Place.make()
    const watched = place.fileIn({ batchSize: 2, flush: 'end' })
    for (let n = 1; n <= 5; n++) {
      await writeFile(place.path(`${n}`), 'x')
      await watched.source.flush({ incompleteBatches: false })
    }
    const path = (n: number) => place.path(`${n}`)
    expect(watched.fired.map(({ files }) => files)).toEqual([
      [path(1), path(2)],
      [path(3), path(4)],
    ])
    await watched.source.flush({ incompleteBatches: true })
    expect(watched.fired.at(-1)).toEqual({ task: 'reduce', files: [path(5)], version: null })
  })

  test('flush never: the rest stays for the next run', async () => {
    await using place = await Place.make()
    const watched = place.fileIn({ batchSize: 2 })
    await writeFile(place.path('x'), 'x')
    await watched.source.flush({ incompleteBatches: true })
    expect(watched.fired).toEqual([])
  })
})

describe('where open files can not be seen', () => {
  test.each(['settle', 'network'] as const)('%s: a file fires when it has stood still', async as => {
    await using place = await Place.make()
    await using writer = new Writer()
    const settle = 1000
    const watched = place.fileIn({ settleSeconds: settle / 1000 }, { as })
    const fd = await writer.open(place.path('x'))
    // Longer than the settle time in all. A machine that is so slow that it stands still between two writes tells nothing.
    const writes: number[] = []
    while (performance.now() - (writes[0] ?? performance.now()) < 2 * settle) {
      writes.push(performance.now())
      await writer.write(fd, 'x')
      await writeFile(place.path('sentinel'), `${writes.length}`)
    }
    const last = writes.at(-1) ?? 0
    await eventually(() => expect(watched.files).toContain(place.path('x')))
    const longestGap = Math.max(...writes.slice(1).map((at, n) => at - (writes[n] ?? at)))
    if (longestGap < settle) expect(performance.now() - last).toBeGreaterThanOrEqual(settle)
    await eventually(() => expect(watched.files).toContain(place.path('sentinel')))
  })
})

test('20,000 files at once all fire, once', async () => {
  await using place = await Place.make()
  await using writer = new Writer()
  const watched = place.fileIn({ filter: glob('*.bin') })
  await writer.putMany(place.folder, 20_000)
  await eventually(() => expect(watched.files.length).toBe(20_000))
  expect(new Set(watched.files).size).toBe(20_000)
})
