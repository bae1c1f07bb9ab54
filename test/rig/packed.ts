import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Rig } from './rig.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Puts what npm packs, and its dependencies, into a `node_modules` below the rig's folder; returns the package's folder. */
export function installPacked(rig: Rig, folder: string): string {
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', rig.folder]
  const tarball = execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }).trim().split('\n').at(-1) ?? ''
  const modules = path.join(rig.folder, folder, 'node_modules')
  mkdirSync(modules, { recursive: true })
  execFileSync('tar', ['-xzf', path.join(rig.folder, tarball), '-C', modules])
  renameSync(path.join(modules, 'package'), path.join(modules, 'odop'))
  // Its dependencies, as npm would have put them beside it.
  const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  for (const name of [...Object.keys(dependencies), '@koromix', '@types']) {
    symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name))
  }
  return path.join(modules, 'odop')
}
