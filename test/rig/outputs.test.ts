import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { createRig, odop, type Rig, until } from './rig.ts'

const WAITS = ['sh', '-c', 'until [ -e stop ]; do sleep 0.05; done']
const events = (rig: Rig, run: string, type: string) => rig.events(run).filter(event => event.type === type)
const tasksOf = (rig: Rig, run: string) => rig.summary(run)['tasks'] as Record<string, unknown>[]

describe('outputs', () => {
  const TASKS = `
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, fileIn, task } from 'odop'
const write = ({ file }) => {
  if (!file.endsWith('lazy.h5')) writeFileSync('images/' + path.parse(file).name + '.png', 'x')
}
export const render = task({ trigger: fileIn('data'), outputs: 'images/{name}.png', retries: 0 }, write)
export const publish = task({
  trigger: after('render'),
  command: ({ files }) => ['sh', '-c', 'printf "%s\\\\n" "$@" >> published', 'sh', ...files],
})
export const pack = task({
  trigger: fileIn('data', { filter: 'a.h5' }),
  outputs: ({ file }) => [file.replace('data', 'packed') + '.gz'],
  command: ({ file }) => ['sh', '-c', 'gzip -c "$1" > packed/a.h5.gz', 'sh', file],
})
`

  test('what is there and newer is done without an attempt, what is older is done again, what is not written has failed', async () => {
    await using rig = createRig()
    rig.write('tasks/t.mjs', TASKS)
    rig.write('images/.keep', '')
    rig.write('packed/.keep', '')
    for (const name of ['a', 'b', 'lazy']) rig.write(`data/${name}.h5`, 'x')
    await rig.odop(['run', '--name', 'first', '--drain', '--', 'true'])
    expect(rig.list('images')).toEqual(['.keep', 'a.png', 'b.png'])
    expect(tasksOf(rig, 'first')).toMatchObject([
      { name: 'pack', completed: 1, upToDate: 0 },
      { name: 'publish', completed: 2, upToDate: 0 },
      { name: 'render', completed: 2, failed: 1, upToDate: 0 },
    ])
    const failure = events(rig, 'first', 'attempt-ended').find(event => 'reason' in event && event.reason)
    expect(failure).toMatchObject({ reason: expect.stringMatching(/has not written.*images\/lazy\.png/) })

    // Newer than what was made of it.
    await new Promise(resolve => setTimeout(resolve, 20))
    rig.write('data/b.h5', 'y')
    await rig.odop(['run', '--name', 'second', '--drain', '--', 'true'])
    expect(events(rig, 'second', 'item-completed')).toMatchObject([
      { outputs: [path.join(rig.folder, 'images/a.png')] },
    ])
    const started = events(rig, 'second', 'attempt-started').flatMap(event =>
      'task' in event ? [event.task] : [],
    )
    expect(started.filter(name => name === 'render')).toHaveLength(2)
    expect(tasksOf(rig, 'second')).toMatchObject([
      { name: 'pack', completed: 1, upToDate: 1 },
      { name: 'publish', completed: 2, upToDate: 0 },
      { name: 'render', completed: 2, failed: 1, upToDate: 1, attempts: 2 },
    ])
    const ends = events(rig, 'second', 'attempt-ended')
    expect(ends.filter(event => 'upToDate' in event)).toMatchObject([{ task: 'pack', outcome: 'completed' }])
    const published = rig
      .read('published')
      .trim()
      .split('\n')
      .map(file => path.basename(file))
    expect(published.sort()).toEqual(['a.png', 'a.png', 'b.png', 'b.png'])
    expect((rig.summary('second')['notes'] as string[]).join()).toMatch(
      /render: of 2 completed work items 1 had nothing to do/,
    )
  })

  test('what a failed attempt has left does not count', async () => {
    await using rig = createRig()
    rig.write(
      'tasks/t.mjs',
      `import { writeFileSync } from 'node:fs'
       import { fileIn, task } from 'odop'
       export default task({ name: 't', trigger: fileIn('data'), outputs: ['{name}.out'], retries: { limit: 1, delay: '0s' } }, ({ attempt }) => {
         writeFileSync('a.out', 'attempt ' + attempt)
         if (attempt === 1) throw new Error('half done')
       })`,
    )
    rig.write('data/a.h5', 'x')
    expect((await rig.odop(['run', '--name', 'r', '--drain', '--', 'true'])).code).toBe(0)
    expect(rig.read('a.out')).toBe('attempt 2')
  })
})

describe('checkpoint', () => {
  const TASKS = `
import { existsSync, readFileSync, writeFileSync, appendFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileIn, task } from 'odop'
export const counts = task({ trigger: fileIn('data'), checkpoint: '{name}.chk' }, async ({ checkpoint, signal, attempt }) => {
  let step = existsSync(checkpoint) ? Number(readFileSync(checkpoint, 'utf8')) : 0
  appendFileSync('log', 'attempt ' + attempt + ' from ' + step + '\\n')
  while (step < 1000 && !signal.aborted && !existsSync('finish')) {
    step += 1
    await setTimeout(5)
  }
  if (signal.aborted) writeFileSync(checkpoint, String(step))
  appendFileSync('log', 'to ' + step + ' ' + path.basename(checkpoint) + '\\n')
})
export const inShell = task({
  trigger: fileIn('data'),
  checkpoint: true,
  command: () => ['sh', '-c', '[ -e "$ODOP_CHECKPOINT/here" ] && echo again >> shell && exit; touch "$ODOP_CHECKPOINT/here"; until [ -e finish ]; do sleep 0.05; done'],
})
`

  test('what an attempt has kept when the run ended is there for the next, and gone when the item has completed', async () => {
    await using rig = createRig()
    rig.write('tasks/t.mjs', TASKS)
    rig.write('data/a.h5', 'x')
    const launch = rig.start([odop, 'run', '--name', 'c', '--', ...WAITS])
    const kept = path.join(rig.odopPath, 'runs/c/checkpoints')
    await until(
      'both are at work',
      () => existsSync(path.join(rig.folder, 'log')) && existsSync(path.join(kept, 'inShell/1/here')),
    )
    rig.write('stop', '')
    expect((await launch.finished).code).toBe(0)
    const [first, end] = rig.read('log').trim().split('\n')
    expect(first).toBe('attempt 1 from 0')
    expect(end).toMatch(/^to \d+ a\.chk$/)
    const step = Number(end?.split(' ')[1])
    expect(rig.read(path.relative(rig.folder, path.join(kept, 'counts/1/a.chk')))).toBe(String(step))
    expect(events(rig, 'c', 'attempt-ended').map(event => ('outcome' in event ? event.outcome : ''))).toEqual(
      ['requeued', 'requeued'],
    )

    rig.write('finish', '')
    expect((await rig.odop(['run', '--name', 'c', '--drain', '--', 'true'])).code).toBe(0)
    expect(rig.read('log').trim().split('\n')[2]).toBe(`attempt 2 from ${step}`)
    expect(rig.read('shell')).toBe('again\n')
    await until('what was kept is gone', () => readdirSync(path.join(kept, 'counts')).length === 0)
  })
})
