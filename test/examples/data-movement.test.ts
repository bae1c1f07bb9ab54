import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createRig } from '../rig/rig.ts'

const examples = fileURLToPath(new URL('../../examples', import.meta.url))

test('odop copies, verifies and packs what an application writes', async () => {
  await using rig = createRig()
  const run = ['run', '--name', 'move', '--tasks', `${examples}/data-movement/tasks`, '--drain', '--']
  const solver = [
    process.execPath,
    `${examples}/heat/heat.js`,
    '--size',
    '32',
    '--steps',
    '500',
    '--every',
    '100',
  ]
  const { code, stderr } = await rig.odop([...run, ...solver])
  expect(code, stderr).toBe(0)
  expect(rig.summary('move')['tasks']).toMatchObject([
    { name: 'copy', completed: 6, failed: 0, left: 0 },
    { name: 'pack', completed: 2, failed: 0, left: 0 },
  ])

  // Every field is in one pack, with its checksum, and is what the application has written.
  const packs = rig.list('store/packs')
  expect(packs).toHaveLength(2)
  rig.write('unpacked/.keep', '')
  const unpacked = path.join(rig.folder, 'unpacked')
  const members = packs.flatMap(pack => {
    const file = path.join(rig.folder, 'store/packs', pack)
    execFileSync('tar', ['-xf', file, '-C', unpacked])
    return execFileSync('tar', ['-tf', file], { encoding: 'utf8' }).trim().split('\n')
  })
  const fields = rig.list('data')
  expect(fields).toHaveLength(6)
  expect(members.sort()).toEqual(fields.flatMap(name => [name, `${name}.sha256`]))
  execFileSync('sha256sum', ['-c', ...fields.map(name => `${name}.sha256`)], { cwd: unpacked })
  for (const name of fields)
    expect(
      readFileSync(path.join(unpacked, name)).equals(readFileSync(path.join(rig.folder, 'data', name))),
    ).toBe(true)
  // Nothing is there twice.
  expect(rig.list('store')).toEqual(['packs'])
}, 120_000)
