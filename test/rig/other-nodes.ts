import { chmodSync } from 'node:fs'
import path from 'node:path'
import type { Rig } from './rig.ts'

/** The environment for other nodes, which are this machine again, reached through an `ssh` that only executes what it is given. */
export function withNodes(rig: Rig, names: readonly string[]): Readonly<Record<string, string>> {
  return { ...inPath(rig, 'ssh', 'shift 3\nexec sh -c "$*"'), ODOP_HOSTS: names.join(',') }
}

/** The environment in which a command is this shell script. */
export function inPath(rig: Rig, command: string, script: string): Readonly<Record<string, string>> {
  rig.write(`bin/${command}`, `#!/bin/sh\n${script}\n`)
  chmodSync(path.join(rig.folder, 'bin', command), 0o755)
  return { PATH: `${rig.folder}/bin:${process.env['PATH']}` }
}
