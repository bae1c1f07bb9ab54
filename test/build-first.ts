import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Tests start the compiled program: it is made of the sources as they are now. */
export default function buildFirst() {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build.js', '--keep'], {
    cwd: root,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`the build failed:\n${stderr}`)
}
