import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Tests start the compiled program: it is made of the sources as they are now. Afterwards their own session must be as it was. */
export default function buildFirst() {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const { status, stderr } = spawnSync(process.execPath, ['scripts/build.js', '--keep'], {
    cwd: root,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`the build failed:\n${stderr}`)
  const before = schedulingGroup()
  return () => {
    const after = schedulingGroup()
    if (after !== before)
      throw new Error(`something has changed the scheduling group of this session from ${before} to ${after}`)
  }
}

/** Whoever starts odop must not find his session at another nice value. */
function schedulingGroup(): string | null {
  try {
    return readFileSync('/proc/self/autogroup', 'utf8').trim()
  } catch {
    return null
  }
}
