import { statSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createRig, odop, until } from './rig.ts'

const TASK = `
import { writeFileSync } from 'node:fs'
import { task } from 'odop'
export default task({ name: 'burn' }, () => {
  writeFileSync('pid', String(process.pid))
  for (const end = Date.now() + 150_000; Date.now() < end; );
})
`

/**
 * A step, told by a file, takes 0.3 s, or 0.6 s while the task runs and is not stopped: it is slowed down by what the
 * kernel's record of delays can't show.
 */
const APPLICATION = `
const fs = require('node:fs')
const taskRuns = () => {
  try {
    return fs.readFileSync('/proc/' + fs.readFileSync('pid', 'utf8') + '/stat', 'utf8').split(') ')[1][0] !== 'T'
  } catch {
    return false
  }
}
let step = 0
const next = () => {
  if (fs.existsSync('stop')) return
  fs.writeFileSync('out/step-' + step++ % 10, String(step))
  setTimeout(next, taskRuns() ? 600 : 300)
}
fs.mkdirSync('out')
next()
`

test('odop backs off when the application makes its steps more slowly beside attempts, and says so', {
  timeout: 180_000,
}, async () => {
  await using rig = createRig()
  rig.write('tasks/burn.mjs', TASK)
  const options = ['--name', 's', '--max-slowdown', '20%', '--progress', 'out/step-*']
  const launch = rig.start([odop, 'run', ...options, '--', process.execPath, '-e', APPLICATION])
  const suspensions = () =>
    rig.list('.').includes('pid')
      ? rig.events('s').flatMap(event => (event.type === 'attempt-suspended' ? [event.reason] : []))
      : []
  const backedOff = () =>
    suspensions().filter(reason => /^odop backs off.*by the application's progress/.test(reason))
  await until('odop backs off', () => backedOff().length > 0, 150)
  rig.write('stop', '')
  expect((await launch.finished).code).toBe(0)
  const [, percent] = /slowdown (\d+) % over the 20 % allowed/.exec(backedOff()[0] ?? '') ?? []
  expect(Number(percent)).toBeGreaterThanOrEqual(20)
  const summary = rig.summary('s')
  expect(summary['notes']).toContainEqual(expect.stringContaining('odop backs off'))
  expect(summary['slowdown']).toMatchObject({ allowed: 0.2, share: expect.any(Number) })
  // Of the whole run, with the steps in which the attempt was still starting, or only just stopped: they may be most of them.
  const { progress } = summary['slowdown'] as { progress: Record<string, number> }
  const { besideStepSeconds = 0, aloneStepSeconds = 0 } = progress
  expect(progress['slowdown']).toBeCloseTo(besideStepSeconds / aloneStepSeconds - 1, 3)
})

test('odop signal tells a live run of a step, and says which names it knows', async () => {
  await using rig = createRig()
  const waits = 'until [ -e stop ]; do sleep 0.05; done'
  const launch = rig.start([odop, 'run', '--name', 'told', '--', 'sh', '-c', waits])
  const socket = path.join(rig.odopPath, 'runs', 'told', 'control.sock')
  const isThere = () => {
    try {
      return statSync(socket).isSocket()
    } catch {
      return false
    }
  }
  await until('the socket is there', isThere)
  expect(statSync(socket).mode & 0o777).toBe(0o600)
  expect(await rig.odop(['signal', 'told', 'progress'])).toMatchObject({ code: 0, stderr: '' })
  expect(await rig.odop(['signal', 'told', 'progress', '--file', 'a', 'b'])).toMatchObject({ code: 0 })
  const unknown = await rig.odop(['signal', 'told', 'nothing'])
  expect(unknown).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no trigger of this name.*progress/),
  })
  rig.write('stop', '')
  expect((await launch.finished).code).toBe(0)
  expect(isThere()).toBe(false)
  expect(rig.summary('told')).toMatchObject({ slowdown: { progress: { steps: 2 } } })
  expect(await rig.odop(['signal', 'told', 'progress'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('not running any more'),
  })
  expect((await rig.odop(['signal', 'nobody', 'progress'])).stderr).toContain('no run named nobody')
})
