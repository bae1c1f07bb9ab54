import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { odop, type Rig } from '../../rig/rig.ts'

export function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['--version'], { stdio: 'ignore' }).status === 0
}

/** Writes the shell's script as a user would, and gives its path. */
export function writeScript(rig: Rig, shell: string): string {
  rig.write(`completion.${shell}`, execFileSync(odop, ['completion', shell]))
  return path.join(rig.folder, `completion.${shell}`)
}

/** The environment of a user who has installed odop. */
export function withOdopInPath(rig: Rig): NodeJS.ProcessEnv {
  const folder = path.join(rig.folder, 'installed')
  mkdirSync(folder, { recursive: true })
  symlinkSync(odop, path.join(folder, 'odop'))
  return { ...process.env, ODOP_PATH: rig.odopPath, PATH: `${folder}:${process.env['PATH']}` }
}
