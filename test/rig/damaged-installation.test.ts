import { cpSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createRig, odop } from './rig.ts'

/** A copy of the launcher without the program that belongs to it. */
function damagedOdop(folder: string): string {
  mkdirSync(path.join(folder, 'damaged'))
  cpSync(path.dirname(odop), path.join(folder, 'damaged/bin'), { recursive: true })
  return path.join(folder, 'damaged/bin/odop.js')
}

test('an installation without its program still runs the application', async () => {
  await using rig = createRig()
  const command = [damagedOdop(rig.folder), 'run', '--name', 'x', '--', 'sh', '-c', 'echo it runs; exit 3']
  const { code, stdout, stderr } = await rig.start(command).finished
  expect(stdout.toString()).toBe('it runs\n')
  expect(code).toBe(3)
  expect(stderr).toContain('install it again')
})

test('an installation without its program says so for other commands', async () => {
  await using rig = createRig()
  const { code, stderr } = await rig.start([damagedOdop(rig.folder), 'runs']).finished
  expect(code).toBe(1)
  expect(stderr).toContain('install it again')
})
