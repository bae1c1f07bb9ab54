import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Rig, type Started, until } from './rig.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Makes `import … from 'odop'` work in the rig's folder, as in a project that has installed it. */
export function install(rig: Rig): void {
  mkdirSync(path.join(rig.folder, 'node_modules'))
  symlinkSync(root, path.join(rig.folder, 'node_modules/odop'))
}

/** A program in Node, which prints lines of JSON that tell how far it is. */
export function startProgram(rig: Rig, source: string, file = 'main.mjs'): Started {
  rig.write(file, source)
  return rig.start([process.execPath, file])
}

/** What the program has printed so far. */
export function told(program: { stdout(): string }): unknown[] {
  return program
    .stdout()
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
}

/** All processes of the rig but these: what there is of odop. */
export function othersThan(rig: Rig, ...pids: readonly number[]): number[] {
  return rig.processes().flatMap(({ pid }) => (pids.includes(pid) ? [] : [pid]))
}

export async function untilNothingIsLeft(rig: Rig, seconds: number): Promise<void> {
  await until('nothing of odop is left', () => rig.processes().length === 0, seconds)
}

/** The live child of `parent` that runs this program of odop's. */
export function childOf(rig: Rig, parent: number, program: string): number | null {
  const found = rig
    .processes()
    .find(({ pid, command }) => command.includes(program) && parentOf(pid) === parent)
  return found?.pid ?? null
}

function parentOf(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return null
  }
}
