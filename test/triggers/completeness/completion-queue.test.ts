import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { CompletionQueue } from '../../../src/triggers/completeness/completion-queue.ts'
import { Volumes } from '../../../src/triggers/folder/network-file-system.ts'

test('a file that vanishes while its writer is searched for is not complete', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'odop-completion-'))
  const [gone, kept] = ['gone', 'kept'].map(name => path.join(folder, name)) as [string, string]
  for (const file of [gone, kept]) writeFileSync(file, 'x')
  const complete: string[] = []
  const queue = new CompletionQueue({
    settleSeconds: 1,
    askLease: null,
    search: {
      latest: null,
      search: async () => {
        rmSync(gone, { force: true })
        return { beganAt: 0, beganAtMonotonic: 0, holders: new Map(), hidden: null }
      },
    },
    volumes: new Volumes(async () => false),
    wanted: () => true,
    complete: file => void complete.push(file),
    warn: text => void complete.push(text),
  })
  for (const file of [gone, kept]) queue.look(file)
  expect(await queue.idle(30_000)).toEqual([])
  queue.close()
  expect({ complete, gone: existsSync(gone) }).toEqual({ complete: [kept], gone: false })
  rmSync(folder, { recursive: true })
})
