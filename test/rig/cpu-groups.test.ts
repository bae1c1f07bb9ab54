import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createRig, odop, until } from './rig.ts'

/** Where groups that compete for CPU time can be made; null: this user, or this system, has none. */
const parent = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup'].find(isParent) ?? null

function isParent(folder: string): boolean {
  try {
    accessSync(path.join(folder, 'cgroup.procs'), constants.W_OK)
    // Version 2: the groups below have a share of the CPU of their own only where that is switched on.
    return (
      folder.endsWith('/cpu') || readFileSync(`${folder}/cgroup.subtree_control`, 'utf8').includes('cpu ')
    )
  } catch {
    return false
  }
}

const TASK = `
import { task } from 'odop'
export default task({ name: 'burn', replicas: 2 }, () => {
  for (const end = Date.now() + 120_000; Date.now() < end; );
})
`

/** Goes into the group, then bursts of a second, each as one line: when it began. Ends when there is a file \`stop\`. */
const APPLICATION = `
const fs = require('node:fs')
fs.writeFileSync(process.argv[1] + '/cgroup.procs', String(process.pid))
const burst = () => {
  if (fs.existsSync('stop')) return
  fs.appendFileSync('bursts', Date.now() + '\\n')
  for (const end = Date.now() + 1000; Date.now() < end; );
  setTimeout(burst, 1500)
}
burst()
`

test.skipIf(parent === null)(
  'beside an application in another CPU control group, attempts are suspended while it works (skipped where no such group can be made)',
  { timeout: 120_000 },
  async () => {
    const group = path.join(parent ?? '', `odop-test-${process.pid}`)
    mkdirSync(group)
    try {
      await using rig = createRig()
      rig.write('tasks/burn.mjs', TASK)
      const launch = rig.start([odop, 'run', '--name', 'g', '--', process.execPath, '-e', APPLICATION, group])
      const count = (type: string) => rig.events('g').filter(event => event.type === type).length
      await until(
        'attempts were suspended and resumed',
        () => {
          if (!existsSync(path.join(rig.odopPath, 'runs', 'g', 'events.ndjson'))) return false
          return count('attempt-suspended') >= 2 && count('attempt-resumed') >= 1
        },
        90,
      )
      rig.write('stop', '')
      expect((await launch.finished).code).toBe(0)
      expect(rig.summary('g')).toMatchObject({
        nodes: [{ yield: 'suspend', yieldReason: expect.stringContaining(path.basename(group)) }],
      })
      const joined = rig.events('g').filter(event => event.type === 'node-joined')
      expect(joined.map(({ facts }) => facts.yieldMode)).toEqual(['kernel', 'suspend'])
      expect(rig.processes()).toEqual([])
    } finally {
      rmdirSync(group)
    }
  },
)
