import { existsSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Status } from '../../src/views/status.ts'
import { ask } from '../api/served.ts'
import { createRig, odop, until } from './rig.ts'

const TASKS = `
import { existsSync } from 'node:fs'
import { fileIn, task } from 'odop'
export const slices = task({ trigger: fileIn('in') }, async ({ progress }) => {
  for (let n = 0; !existsSync('end'); n += 1) {
    progress(0.4, 'slice ' + n)
    await new Promise(done => setTimeout(done, 20))
  }
})
export const script = task({
  trigger: fileIn('in'),
  command: () => ['sh', '-c', 'echo "0.25 step one" > "$ODOP_PROGRESS"; until [ -e end ]; do sleep 0.1; done'],
})
`

const APPLICATION = ['sh', '-c', 'n=0; until [ -e end ] || [ $n -gt 900 ]; do sleep 0.1; n=$((n + 1)); done']
const cores = os.availableParallelism()

test.skipIf(cores < 2)(
  'progress of a function and of a program is shown while they run, and recorded sparsely (needs two cores)',
  async () => {
    await using rig = createRig()
    rig.write('tasks/all.mjs', TASKS)
    rig.write('in/a', 'x')
    const run = rig.start([odop, 'run', '--name', 'r', '--', ...APPLICATION])
    const said = new Map<string, Status['attempts'][number]['progress']>()
    await until(
      'both have said how far they are',
      async () => {
        const { code, stdout } = await rig.odop(['status', 'r', '--json'])
        if (code !== 0) return false
        const { attempts } = JSON.parse(stdout.toString()) as Status
        for (const { task, progress } of attempts) if (progress !== null) said.set(task, progress)
        return said.size === 2
      },
      60,
    )
    expect(said.get('slices')).toEqual({ fraction: 0.4, text: expect.stringMatching(/^slice \d+$/) })
    expect(said.get('script')).toEqual({ fraction: 0.25, text: 'step one' })
    const print = async (...words: string[]) => (await rig.odop(words)).stdout.toString()
    expect(await print('status', 'r')).toMatch(/25% step one/)
    expect(await print('status', 'r', '--item', 'script#1')).toMatch(/Progress +25% step one/)
    expect(await print('top', 'r')).toMatch(/^ {2}script#1\.1 +\S+ +25% step one /m)
    const answers = await ask(
      { socketPath: path.join(rig.odopPath, 'runs/r/control.sock') },
      '/status/script%231.1',
    )
    expect(answers.json()).toMatchObject({ state: 'running', progress: { fraction: 0.25, text: 'step one' } })
    rig.write('end', '')
    await run.finished
    // What was said last is kept.
    const { attempts } = JSON.parse(await print('report', 'r', '--format', 'json'))
    expect(attempts).toContainEqual(
      expect.objectContaining({ attempt: 'script#1.1', progress: { fraction: 0.25, text: 'step one' } }),
    )
    expect(await print('report', 'r', '--format', 'csv')).toMatch(/,0\.25,step one$/m)
    expect(await print('report', 'r', '--format', 'html', '--output', '-')).toContain('25% step one</span>')
    expect(await print('status', 'r', '--item', 'script#1')).toMatch(/Progress +25% step one/)
    const events = rig.events('r').filter(event => event.type === 'attempt-progress')
    expect(events.length).toBeLessThanOrEqual(12)
  },
)

test.skipIf(cores < 2)(
  'of a function in ranks it is what the first one says that is shown (needs two cores)',
  async () => {
    await using rig = createRig()
    rig.write(
      'tasks/ranks.mjs',
      `import { existsSync } from 'node:fs'
      import { fileIn, task } from 'odop'
      export const solves = task({ trigger: fileIn('in'), ranks: 2, ranksPerNode: 2 }, async ({ progress, rank }) => {
        while (!existsSync('end')) {
          progress(rank === 0 ? 0.3 : 0.9, 'rank ' + rank)
          await new Promise(done => setTimeout(done, 20))
        }
      })`,
    )
    rig.write('in/a', 'x')
    const run = rig.start([odop, 'run', '--name', 'r', '--', ...APPLICATION])
    const said = () => rig.events('r').filter(event => event.type === 'attempt-progress')
    await until(
      'it has said how far it is',
      () => existsSync(path.join(rig.odopPath, 'runs/r/events.ndjson')) && said().length > 0,
      60,
    )
    rig.write('end', '')
    await run.finished
    expect(said().map(({ fraction, text }) => ({ fraction, text }))).toEqual(
      said().map(() => ({ fraction: 0.3, text: 'rank 0' })),
    )
  },
)
