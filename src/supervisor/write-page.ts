import { spawn } from 'node:child_process'
import { rm, stat } from 'node:fs/promises'
import type { NodeName } from '../core/model.ts'
import { entryPoint } from '../entry-points.ts'
import type { RunPaths } from '../journal/run-paths.ts'
import { within } from './within.ts'

/** The batch script waits for it: more than that is for whoever asks for it. */
const LIMIT_MILLISECONDS = 2500
const LOOK_MILLISECONDS = 500
/** What is read in far less time than that. */
const MOST_BYTES = 64 << 20

/**
 * Writes the run's `report.html` in a process of its own, so that nothing in it can harm the end of a run: not by its memory, not
 * by a bug, and not by taking long. What is too much for the time there is, is left to `odop report`. Never rejects.
 */
export async function writePage(paths: RunPaths, nodes: readonly NodeName[]): Promise<void> {
  const files = [paths.journal, ...nodes.map(node => paths.metrics(node))]
  let bytes = Number.POSITIVE_INFINITY
  const added = Promise.all(files.map(sizeOf)).then(sizes => {
    bytes = sizes.reduce((sum, size) => sum + size, 0)
  })
  await within(LOOK_MILLISECONDS, added)
  if (bytes <= MOST_BYTES) await runProgram(paths)
}

function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  )
}

/** With nothing of odop's environment: the page needs none of it. */
async function runProgram(paths: RunPaths): Promise<void> {
  const child = spawn(process.execPath, ['--max-old-space-size=512', entryPoint('page'), paths.folder], {
    cwd: '/',
    env: {},
    stdio: 'ignore',
    timeout: LIMIT_MILLISECONDS,
    killSignal: 'SIGKILL',
  })
  const ended = await new Promise<number | null>(resolve => {
    child.once('error', () => resolve(null))
    child.once('exit', code => resolve(code))
  })
  if (ended !== 0)
    await within(
      1000,
      rm(`${paths.report}.${child.pid}.part`, { force: true }).catch(() => {}),
    )
}
