import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createRig, odop, until } from './rig.ts'

const grouping = '/proc/sys/kernel/sched_autogroup_enabled'
const groupsSessions = (() => {
  try {
    return readFileSync(grouping, 'utf8').trim() === '1'
  } catch {
    return false
  }
})()

const TASK = `
import { readFileSync, writeFileSync } from 'node:fs'
import { task } from 'odop'
export default task({ name: 'where' }, async ({ signal }) => {
  const session = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ')[3]
  const autogroup = readFileSync('/proc/self/autogroup', 'utf8').trim()
  writeFileSync('where', session + ' ' + process.pid + ' ' + autogroup)
  await new Promise(resolve => signal.addEventListener('abort', resolve))
})
`

const session = (stat: string) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3])

test('attempts run in the session of the application that stays in odop’s', async () => {
  await using rig = createRig()
  rig.write('tasks/where.mjs', TASK)
  const launch = rig.start([odop, 'run', '--', 'sh', '-c', 'until [ -e where ]; do sleep 0.05; done'])
  const odops = session(readFileSync(`/proc/${launch.pid}/stat`, 'utf8'))
  await launch.finished
  expect(rig.read('where').split(' ')[0]).toBe(String(odops))
})

test.skipIf(!groupsSessions)(
  'beside an application in a session of its own, attempts move to sessions with the lowest nice value (skipped where the kernel does not group sessions)',
  async () => {
    await using rig = createRig()
    rig.write('tasks/where.mjs', TASK)
    const burn = 'const t = Date.now(); while (!require("fs").existsSync("stop"));'
    const launch = rig.start([
      odop,
      'run',
      '--name',
      'own',
      '--',
      'setsid',
      '-w',
      process.execPath,
      '-e',
      burn,
    ])
    await until(
      'an attempt leads a session with nice 19',
      () => {
        const [sid, pid, , , nice] = rig.list('.').includes('where') ? rig.read('where').split(' ') : []
        return sid === pid && sid !== undefined && nice === '19'
      },
      150,
    )
    rig.write('stop', '')
    expect((await launch.finished).code).toBe(0)
    const ends = rig.events('own').filter(event => event.type === 'attempt-ended')
    expect(ends.map(({ outcome }) => outcome)).not.toContain('failed')
    expect(rig.processes()).toEqual([])
  },
  // At that nice value an attempt gets next to nothing of a machine that others keep busy.
  180_000,
)
