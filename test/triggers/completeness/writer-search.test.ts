import { closeSync, openSync, statSync, unlinkSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fileId, stillHolds } from '../../../src/triggers/completeness/process-files.ts'
import { WriterSearch } from '../../../src/triggers/completeness/writer-search.ts'
import { writeFile } from '../files.ts'
import { Place } from '../watched.ts'
import { Writer } from '../writer.ts'

const idOf = (path: string) => fileId(statSync(path, { bigint: true }))

describe.skipIf(process.platform !== 'linux')('search for writers (needs Linux: /proc)', () => {
  test.each(['w', 'a', 'r+', 'w+', 'a+'])('a file opened with %s is held until it is closed', async flags => {
    await using place = await Place.make()
    await using writer = new Writer()
    const path = place.path('x')
    await writeFile(path, 'x')
    const fd = await writer.open(path, flags)
    const holder = (await new WriterSearch().search()).holders.get(idOf(path))
    expect(holder).toEqual({ pid: writer.pid, fd: String(fd), id: idOf(path) })
    expect(holder && stillHolds(holder)).toBe(true)
    await writer.closeFile(fd)
    expect(holder && stillHolds(holder)).toBe(false)
    expect((await new WriterSearch().search()).holders.get(idOf(path))).toBeUndefined()
  })

  test('a file that is only read is not held', async () => {
    await using place = await Place.make()
    await using writer = new Writer()
    await writeFile(place.path('x'), 'x')
    await writer.open(place.path('x'), 'r')
    expect((await new WriterSearch().search()).holders.get(idOf(place.path('x')))).toBeUndefined()
  })

  test('our own process counts; a descriptor that now writes to another file does not', async () => {
    await using place = await Place.make()
    const fd = openSync(place.path('x'), 'w')
    const holder = (await new WriterSearch().search()).holders.get(idOf(place.path('x')))
    expect(holder).toMatchObject({ pid: process.pid, fd: String(fd) })
    closeSync(fd)
    const again = openSync(place.path('y'), 'w')
    expect(again).toBe(fd)
    expect(holder && stillHolds(holder)).toBe(false)
    closeSync(again)
    unlinkSync(place.path('y'))
  })

  test('callers that wait share a search; a later caller gets a later one', async () => {
    const search = new WriterSearch()
    const [first, second] = await Promise.all([search.search(), search.search()])
    expect(second).toBe(first)
    expect(await search.search()).not.toBe(first)
  })
})
