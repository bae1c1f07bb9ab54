import { expect, test } from 'vitest'
import { createRig, odop, type Rig, until } from './rig.ts'

const TASKS = `
import { setTimeout } from 'node:timers/promises'
import { fileIn, task } from 'odop'
export const endless = task({ replicas: 2, priority: 1 }, async ({ signal, log }) => {
  log('begins')
  while (!signal.aborted) await setTimeout(20)
  log('was told to end')
})
export const note = task({ trigger: fileIn('data'), cpus: 2 }, async () => {})
`
const UNTIL_FILE = 'until [ -e end ]; do sleep 0.1; done; echo x > data/last'

test('background tasks end with the application: a drain goes on without them, and they are not left over', {
  timeout: 60_000,
}, async () => {
  await using rig = createRig()
  rig.write('tasks/both.mjs', TASKS)
  rig.write('data/.keep', '')
  const run = rig.start([odop, 'run', '--name', 'both', '--drain', '--', 'sh', '-c', UNTIL_FILE])
  await until('a background attempt runs', () => startedIn(rig, 'both'))
  rig.write('end', '')
  expect((await run.finished).code).toBe(0)
  expect(tasksOf(rig.summary('both'))).toMatchObject({
    endless: { left: 0, failed: 0 },
    note: { completed: 1, left: 0 },
  })
})

test('odop drain does not take up the background tasks that a killed launch has left', {
  timeout: 60_000,
}, async () => {
  await using rig = createRig()
  rig.write('tasks/both.mjs', TASKS)
  rig.write('data/first', 'x')
  const run = rig.start([odop, 'run', '--name', 'killed', '--', 'sh', '-c', UNTIL_FILE])
  await until('a background attempt runs', () => startedIn(rig, 'killed'))
  process.kill(run.pid, 'SIGKILL')
  rig.write('end', '')
  await run.finished
  const drained = await rig.odop(['drain', 'killed'])
  expect({ code: drained.code, stderr: drained.code === 0 ? '' : drained.stderr }).toEqual({
    code: 0,
    stderr: '',
  })
  expect(tasksOf(rig.summary('killed'))).toMatchObject({ endless: { left: 0 }, note: { completed: 2 } })
})

test('a timer whose work item waits for a core queues no other one', { timeout: 60_000 }, async () => {
  await using rig = createRig()
  rig.write(
    'tasks/both.mjs',
    `import { existsSync } from 'node:fs'
     import { setTimeout } from 'node:timers/promises'
     import { task, timer } from 'odop'
     export const hold = task({ cpus: 'all', priority: 1 }, async () => {
       while (!existsSync('end')) await setTimeout(20)
     })
     export const tick = task({ trigger: timer('50ms') }, async () => {})`,
  )
  rig.write('data/.keep', '')
  const run = rig.start([odop, 'run', '--name', 'ticks', '--', 'sh', '-c', UNTIL_FILE])
  await until('the cores are held', () => startedIn(rig, 'ticks', 'hold'))
  // Twenty periods.
  await new Promise(resolve => setTimeout(resolve, 1000))
  const events = rig.events('ticks')
  const held = events.findIndex(event => event.type === 'attempt-started' && event.task === 'hold')
  const queued = events.slice(held).filter(event => event.type === 'item-queued')
  rig.write('end', '')
  await run.finished
  expect(queued.length).toBeLessThanOrEqual(1)
})

function tasksOf(summary: Record<string, unknown>): Record<string, unknown> {
  const tasks = summary['tasks'] as { name: string }[]
  return Object.fromEntries(tasks.map(task => [task.name, task]))
}

function startedIn(rig: Rig, run: string, task?: string): boolean {
  try {
    return rig
      .events(run)
      .some(event => event.type === 'attempt-started' && (task === undefined || event.task === task))
  } catch {
    // There is no journal yet.
    return false
  }
}
