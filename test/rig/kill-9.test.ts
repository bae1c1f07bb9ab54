import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createRig, odop, type Rig, until } from './rig.ts'

const FILES = 200
const KILLS = 50

/** Writes the files one by one, going on where an earlier one was stopped; ends when all are there and it is told to. */
const APPLICATION = `
const fs = require('node:fs')
let n = fs.readdirSync('data').filter(name => name.endsWith('.bin')).length
setInterval(() => {
  if (n < ${FILES}) fs.writeFileSync('data/' + n++ + '.bin', 'x')
  else if (fs.existsSync('stop')) process.exit(0)
}, 50)
`

const TASK = `
import { appendFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import path from 'node:path'
import { fileIn, task } from 'odop'
export default task({ name: 'note', trigger: fileIn('data'), retries: { limit: 3, delay: '1s' } }, async ({ file }) => {
  appendFileSync('done', path.basename(file) + '\\n')
  await setTimeout(20)
})
`

test(`kill -9 on odop at ${KILLS} random moments: nothing lost, nothing done again after it was recorded, no process left over`, {
  timeout: 240_000,
}, async () => {
  await using rig = createRig()
  rig.write('tasks/note.mjs', TASK)
  rig.write('app.cjs', APPLICATION)
  rig.write('data/.keep', '')

  const seconds: number[] = []
  for (let kill = 0; kill < KILLS; kill++) seconds.push(await killOneLaunch(rig))
  seconds.sort((a, b) => a - b)
  // The odd one may have had to wait for a core of a busy machine.
  expect(seconds[Math.floor(KILLS * 0.8)]).toBeLessThan(2)

  rig.write('stop', '')
  const last = await rig.odop(['run', '--name', 'killed', '--drain', '--', process.execPath, 'app.cjs'])
  expect(last.code).toBe(0)

  const processed = new Set(rig.read('done').trim().split('\n'))
  const written = rig.list('data').filter(name => name.endsWith('.bin'))
  expect(written).toHaveLength(FILES)
  expect(written.filter(name => !processed.has(name))).toEqual([])
  expect(startedAgainAfterCompletion(rig)).toEqual([])
  expect(rig.processes()).toEqual([])
})

/** A launch that is killed at a random moment of its life. Returns how long anything of odop outlived it. */
async function killOneLaunch(rig: Rig): Promise<number> {
  const launch = rig.start([odop, 'run', '--name', 'killed', '--', process.execPath, 'app.cjs'])
  const application = await applicationOf(rig, launch.pid)
  await new Promise(resolve => setTimeout(resolve, Math.random() * 1500))
  process.kill(launch.pid, 'SIGKILL')
  const killedAt = performance.now()
  await until('only the application is left', () => rig.processes().every(({ pid }) => pid === application))
  const seconds = (performance.now() - killedAt) / 1000
  expect(existsSync(`/proc/${application}`)).toBe(true)
  process.kill(application, 'SIGKILL')
  await until('the application is gone', () => rig.processes().length === 0)
  return seconds
}

async function applicationOf(rig: Rig, supervisor: number): Promise<number> {
  let found = 0
  await until('the application runs', () => {
    const application = rig
      .processes()
      .find(
        ({ pid, command }) =>
          pid !== supervisor && command.includes(' app.cjs') && !command.includes('odop.js'),
      )
    found = application?.pid ?? 0
    return found > 0
  })
  return found
}

function startedAgainAfterCompletion(rig: Rig): string[] {
  const completed = new Set<string>()
  const again: string[] = []
  for (const event of rig.events('killed')) {
    if (event.type === 'attempt-started' && completed.has(event.item)) again.push(event.attempt)
    if (event.type === 'attempt-ended' && event.outcome === 'completed') completed.add(event.item)
  }
  return again
}

test('a file that was recorded as completed has one work item in the whole run', async () => {
  await using rig = createRig()
  rig.write('tasks/note.mjs', TASK)
  rig.write('data/a.bin', 'x')
  for (const _ of [1, 2]) {
    const { code } = await rig.odop(['run', '--name', 'again', '--drain', '--', 'true'])
    expect(code).toBe(0)
  }
  const queued = rig.events('again').filter(event => event.type === 'item-queued')
  expect(queued).toHaveLength(1)
  expect(readFileSync(path.join(rig.folder, 'done'), 'utf8')).toBe('a.bin\n')
})
