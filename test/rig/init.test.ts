import { chmodSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createRig, odop } from './rig.ts'

test('odop init in a folder that cannot be used says why, and exits with 1', async () => {
  await using rig = createRig()
  rig.write('tasks', 'a file where the folder should be')
  const { code, stderr } = await rig.odop(['init'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/^odop: could not make .*tasks: EEXIST.*\n$/)
})

test('what odop init writes is not refused because of a generous umask', async () => {
  await using rig = createRig()
  chmodSync(rig.folder, 0o755)
  const { code } = await rig.start(['sh', '-c', 'umask 000; "$0" init', odop]).finished
  expect(code).toBe(0)
  const mode = (file: string) => statSync(path.join(rig.folder, file)).mode & 0o022
  expect([mode('tasks'), mode('tasks/first.ts'), mode('odop.config.ts')]).toEqual([0, 0, 0])
  expect((await rig.odop(['tasks', 'check'])).code).toBe(0)
})
