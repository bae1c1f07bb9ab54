import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { createRig } from './rig.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('what npm packs runs an application and a task that imports odop', async () => {
  await using rig = createRig()
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', rig.folder]
  const tarball = execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }).trim().split('\n').at(-1) ?? ''
  const modules = path.join(rig.folder, 'installed/node_modules')
  mkdirSync(modules, { recursive: true })
  execFileSync('tar', ['-xzf', path.join(rig.folder, tarball), '-C', modules])
  // Its dependencies, as npm would have put them beside it.
  const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  for (const name of [...Object.keys(dependencies), '@koromix']) {
    symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name))
  }

  const packed = path.join(modules, 'package/bin/odop.js')
  expect((await rig.start([packed, 'init']).finished).code).toBe(0)
  rig.write('data/a.bin', 'x')
  const { code, stderr } = await rig.start([
    packed,
    'run',
    '--name',
    'packed',
    '--drain',
    '--',
    'sh',
    '-c',
    'exit 9',
  ]).finished
  expect(code).toBe(9)
  expect(stderr).toContain('first')
  expect(rig.read('.odop-path/runs/packed/logs/first/1.1.log')).toContain('a.bin has 1 bytes')
})

test('the lock file names no host', () => {
  expect(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).not.toContain('"resolved"')
})
