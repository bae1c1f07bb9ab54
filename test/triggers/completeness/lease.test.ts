import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { leaseAsker } from '../../../src/triggers/completeness/lease.ts'
import { writeFile } from '../files.ts'
import { Place } from '../watched.ts'
import { Writer } from '../writer.ts'

describe.skipIf(leaseAsker() === null)('leases (need Linux and koffi)', () => {
  const ask = leaseAsker() ?? (() => 'unknown')

  test.each(['w', 'a', 'r+', 'w+', 'a+'])('a file opened with %s is busy until it is closed', async flags => {
    await using place = await Place.make()
    await using writer = new Writer()
    await writeFile(place.path('x'), 'x')
    expect(ask(place.path('x'))).toBe('free')
    const fd = await writer.open(place.path('x'), flags)
    expect(ask(place.path('x'))).toBe('busy')
    await writer.closeFile(fd)
    expect(ask(place.path('x'))).toBe('free')
  })

  test('a file that is only read is free; what is not there is unknown', async () => {
    await using place = await Place.make()
    await using writer = new Writer()
    await writeFile(place.path('x'), 'x')
    await writer.open(place.path('x'), 'r')
    expect(ask(place.path('x'))).toBe('free')
    expect(ask(place.path('y'))).toBe('unknown')
  })

  test('a writer that opens the file all the time notices nothing, and neither do we', async () => {
    await using place = await Place.make()
    const path = place.path('x')
    const program = `
      const fs = require('node:fs')
      for (let n = 0; n < 20000; n++) fs.closeSync(fs.openSync(${JSON.stringify(path)}, 'a'))
    `
    const child = spawn(process.execPath, ['-e', program], { stdio: 'inherit' })
    const exited = once(child, 'exit')
    const answers = new Set<string>()
    while (child.exitCode === null && child.signalCode === null) {
      for (let n = 0; n < 100; n++) answers.add(ask(path))
      await nextTurn()
    }
    expect(await exited).toEqual([0, null])
    expect(answers).toContain('free')
    expect(answers).toContain('busy')
  })
})
