import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { AttemptEnded } from '../../src/core/events.ts'
import { enter, memoryGroup, removeGroup } from './memory-group.ts'
import { createRig, odop, until } from './rig.ts'

const MIB = 2 ** 20
const LIMIT_MIB = 700
/** Of the limit, so that with odop's own processes the memory is nearly full. */
const APPLICATION_MIB = 430

/** Fills its memory, then checks over and over that it is what it should be, for as long as the test lets it. */
const APPLICATION = `
const { existsSync, writeFileSync } = require('node:fs')
const parts = Array.from({ length: ${APPLICATION_MIB} }, (_, at) => Buffer.alloc(${MIB}, at % 251))
const isWhole = () => parts.every((part, at) => part[0] === at % 251 && part[${MIB} - 1] === at % 251)
const end = Date.now() + 60_000
const look = () => {
  if (!isWhole()) process.exit(3)
  if (existsSync('enough') || Date.now() > end) process.exit(42)
  setTimeout(look, 20)
}
writeFileSync('filled', '')
look()
`

/** Begins when the application has what it needs, and takes all it gets without ever looking up. */
const HOG = `
const { existsSync } = require('node:fs')
const taken = []
while (!existsSync('filled')) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
for (;;) taken.push(Buffer.alloc(4 * ${MIB}, 1))
`

const IN_FUNCTION = `
import { createRequire } from 'node:module'
import { task } from 'odop'
const require = createRequire(import.meta.url)
export default task({ name: 'hog', retries: 0 }, () => {${HOG}})
`

const IN_COMMAND = `
import { task } from 'odop'
export default task({ name: 'hog', retries: 0, command: () => [process.execPath, 'hog.cjs'] })
`

const probe = memoryGroup(LIMIT_MIB)
if (probe !== null) removeGroup(probe.folder)
const name =
  'beside an application near the limit of a memory cgroup, what allocates without end is ended and named'

test.skipIf(probe === null)(
  `${name}${probe === null ? ' (skipped: no memory cgroup can be made here)' : ''}`,
  {
    timeout: 300_000,
  },
  async () => {
    const times = Number(process.env['ODOP_RIG_REPETITIONS'] ?? 1)
    for (let time = 0; time < times; time += 1) {
      for (const module of [IN_FUNCTION, IN_COMMAND]) await once(module)
    }
  },
)

test.skipIf(probe === null)(
  'where nothing is to stay free, the kernel is faster, and the end says that it was',
  {
    timeout: 120_000,
  },
  async () => {
    for (const module of [IN_FUNCTION, IN_COMMAND]) await once(module, { ODOP_MEMORY_RESERVE: '0' })
  },
)

async function once(module: string, environment: Record<string, string> = {}): Promise<void> {
  const group = memoryGroup(LIMIT_MIB)
  if (group === null) throw new Error('the memory cgroup could be made before, and now it cannot')
  await using rig = createRig()
  try {
    rig.write('application.cjs', APPLICATION)
    rig.write('hog.cjs', HOG)
    rig.write('tasks/hog.mjs', module)
    const command = [odop, 'run', '--name', 'hog', '--', process.execPath, 'application.cjs']
    const run = rig.start([...enter(group), ...command], { environment })
    await until('an attempt has ended', () => ends(rig).length > 0, 60)
    rig.write('enough', '')
    const { code, signal, stderr } = await run.finished
    expect({ code, signal }, stderr).toEqual({ code: 42, signal: null })
    const first = ends(rig)[0]
    expect(first?.outcome).toMatch(/^(failed|requeued)$/)
    expect(first).toMatchObject({ forMemory: true })
    // Mostly odop is faster; where the kernel was, that is what is said.
    expect(first?.reason).toMatch(
      /needs more memory than the \d.*: it had taken \d|of 700M are in use.* used \d|memory had ended: .* limit is 700M/,
    )
    expect(first?.usage.peakMemoryBytes).toBeGreaterThan(0)
  } finally {
    await until('the memory cgroup is empty', () => removeGroup(group.folder))
  }
}

function ends(rig: ReturnType<typeof createRig>): AttemptEnded[] {
  return existsSync(`${rig.odopPath}/runs/hog/events.ndjson`)
    ? rig.events('hog').filter(event => event.type === 'attempt-ended')
    : []
}
