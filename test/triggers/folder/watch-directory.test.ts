import { appendFileSync, writeFileSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { FSWatcher } from 'chokidar'
import { expect, test, vi } from 'vitest'
import { watchDirectory } from '../../../src/triggers/folder/watch-directory.ts'
import { writeFile } from '../files.ts'
import { eventually, Place } from '../watched.ts'

async function watch(folder: string) {
  const hints: { name: string | null; entry: boolean }[] = []
  const failures: string[] = []
  const watcher = await watchDirectory(folder, {
    changed: (name, entry) => hints.push({ name, entry }),
    failed: code => failures.push(code),
  })
  return { hints, failures, watcher }
}

test('tells the name of what is new', async () => {
  await using place = await Place.make()
  const { hints, watcher } = await watch(place.folder)
  await writeFile(place.path('x'), 'x')
  await eventually(() => expect(hints).toContainEqual({ name: 'x', entry: true }))
  await watcher?.close()
})

test('a name that it can not tell exactly is none', async () => {
  await using place = await Place.make()
  const { hints, watcher } = await watch(place.folder)
  await writeFile(place.path('bad \udcff'), 'x').catch(() => writeFile(place.path('bad \uFFFD'), 'x'))
  await eventually(() => expect(hints).toContainEqual({ name: null, entry: true }))
  await watcher?.close()
})

test('folders that chokidar would mistake for others are not watched', async () => {
  expect(await watchDirectory('/tmp/\udcff', { changed: () => {}, failed: () => {} })).toBeNull()
  expect(await watchDirectory('/tmp/a\\b', { changed: () => {}, failed: () => {} })).toBeNull()
})

test('a flood of writes is not listened to, yet a new file is noticed', async () => {
  await using place = await Place.make()
  for (const name of ['log0', 'log1']) writeFileSync(place.path(name), '')
  const { hints, watcher } = await watch(place.folder)
  // Until it pauses: so many events that it can't have heard them all.
  const WRITES = 20_000
  for (let n = 0; n < WRITES; n++) {
    // By turns, since the kernel makes one of equal events that follow each other.
    appendFileSync(place.path(`log${n % 2}`), 'x')
    if (n % 5 === 0) await nextTurn()
  }
  expect(hints.length).toBeLessThan(WRITES / 4)
  const before = hints.length
  await writeFile(place.path('new'), 'x')
  await eventually(() =>
    expect(hints.slice(before).some(({ name }) => name === null || name === 'new')).toBe(true),
  )
  await watcher?.close()
})

test('chokidar does not read the folder, whatever happens in it', async () => {
  await using place = await Place.make()
  const read = vi.spyOn(FSWatcher.prototype, '_readdirp')
  const { hints, watcher } = await watch(place.folder)
  await writeFile(place.path('x'), 'x')
  await eventually(() => expect(hints).toContainEqual({ name: 'x', entry: true }))
  await watcher?.close()
  expect(read).not.toHaveBeenCalled()
  read.mockRestore()
})
