import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { createRig, odop, type Rig, type Started, type StartOptions, until } from './rig.ts'

/** Ends when the test writes `end`, and at last by itself. */
const UNTIL_END = ['sh', '-c', 'n=0; until [ -e end ] || [ $n -gt 3000 ]; do sleep 0.1; n=$((n + 1)); done']
/** Runs until it is ended. */
const HOLD =
  'async ({ signal }) => { while (!signal.aborted) await new Promise(done => setTimeout(done, 50)) }'

interface Live extends AsyncDisposable {
  readonly rig: Rig
  /** What `odop explain` says of a task at present. */
  explained(task: string): Promise<string>
  /** Waits until it says this. */
  says(task: string, what: RegExp | string): Promise<void>
  end(): Promise<void>
}

/** A run whose application lasts as long as the test wants. */
async function live(
  tasks: string,
  words: readonly string[] = [],
  more: StartOptions & { readonly files?: readonly string[]; readonly application?: readonly string[] } = {},
): Promise<Live> {
  const { files = [], application = UNTIL_END, ...options } = more
  const rig = createRig()
  rig.write('tasks/all.mjs', `import { fileIn, fileUpdated, task, timer } from 'odop'\n${tasks}`)
  for (const file of files) rig.write(file, 'x')
  const run: Started = rig.start([odop, 'run', '--name', 'r', ...words, '--', ...application], options)
  // On a loaded machine that takes its time, and has nothing to do with the answers.
  await until('the tasks are loaded', () => areLoaded(rig), 150, 100)
  const explained = async (task: string) => {
    const { stdout, stderr, code } = await rig.odop(['explain', 'r', task])
    return code === 0 ? oneLine(stdout.toString()) : stderr
  }
  let last = ''
  return {
    rig,
    explained,
    async says(task, what) {
      const matches = async () => {
        last = await explained(task)
        return typeof what === 'string' ? last.includes(what) : what.test(last)
      }
      await until(`explain ${task} says ${what}`, matches, 20, 200).catch((error: Error) => {
        throw new Error(`${error.message}; it says: ${last}; odop said: ${run.stderr()}`)
      })
    },
    async end() {
      rig.write('end', '')
      await run.finished
    },
    async [Symbol.asyncDispose]() {
      rig.write('end', '')
      await run.finished
      await rig[Symbol.asyncDispose]()
    },
  }
}

function areLoaded(rig: Rig): boolean {
  const file = '.odop-path/runs/r/events.ndjson'
  return existsSync(path.join(rig.folder, file)) && rig.read(file).includes('"task-defined"')
}

/** As if the terminal were wide enough. */
function oneLine(text: string): string {
  return text.replace(/ *\n {4}(?=\S)/g, ' ')
}

function asks(rig: Rig): (words: readonly string[]) => Promise<string> {
  return async words => oneLine((await rig.odop(words)).stdout.toString())
}

const cores = os.availableParallelism()

// Every wait has its own limit; that of a test would leave processes behind.
describe('odop explain', { timeout: 240_000 }, () => {
  test('what needs no core to be seen: triggers, files, what never fits, retries, and an earlier launch’s tasks', async () => {
    await using run = await live(
      `
      export const calm = task({ trigger: fileIn('none', { filter: '*.bin' }) }, () => {})
      export const open = task({ trigger: fileIn('open') }, () => {})
      export const rewritten = task({ trigger: fileUpdated('rewritten/state') }, () => {})
      export const batch = task({ trigger: fileIn('batch', { batchSize: 3 }) }, () => {})
      export const later = task({ trigger: timer('1h') }, () => {})
      export const wide = task({ trigger: fileIn('in'), cpus: 4000 }, () => {})
      export const large = task({ trigger: fileIn('in'), memory: '100T' }, () => {})
      export const many = task({ trigger: fileIn('in'), nodes: 3, ranksPerNode: 1, command: () => ['true'] })
      export const gpu = task({ trigger: fileIn('in'), gpus: 64 }, () => {})
      export const flaky = task({ trigger: fileIn('in'), retries: { limit: 2, delay: '10m' } }, () => { throw new Error('no') })
      export const broken = task({ trigger: fileIn('in'), retries: 0 }, () => { throw new Error('no luck') })
      export const few = task({ trigger: fileIn('in'), maxRuns: 1 }, () => {})
    `,
      [],
      { files: ['in/a', 'batch/1', 'batch/2'] },
    )
    const { rig, says } = run
    const held = `const fs = require('fs'); const f = fs.openSync(process.argv[1], 'w'); fs.writeSync(f, 'x'); setInterval(() => {}, 1000)`
    for (const folder of ['open', 'rewritten']) rig.write(`${folder}/.keep`, '')
    const writer = rig.start([process.execPath, '-e', held, 'open/out.h5'])
    const rewriter = rig.start([process.execPath, '-e', held, 'rewritten/state'])
    await says('open', `/open/out.h5" is not complete: process ${writer.pid} (`)
    await says('open', 'has it open for writing')
    await says('rewritten', `/rewritten/state" is not complete: process ${rewriter.pid} (`)
    await says('calm', 'nothing is queued: it waits for its trigger (a file in none, *.bin)')
    await says('batch', '2 of the 3 files of the next work item are complete')
    await says('later', /the next period ends in (1h|59m)/)
    await says('wide', /can never run here: needs 4000 cpus, but a node has at most \d+ for tasks/)
    await says('large', /can never run here: needs 100T of memory, but a node has at most/)
    await says('gpu', /can never run here: .*GPU/)
    await says(
      'flaky',
      /waits until \d\d:\d\d:\d\d UTC \((10m|9m\d+s)\) before it is tried again: 1 of 3 attempts failed/,
    )
    await says(
      'broken',
      /1 work item failed 1 time and will not be tried again \(retries: 0\); the last, broken#1\.1: .*no luck/,
    )
    await says('few', 'a run takes 1 work item of it (maxRuns)')
    const ask = asks(rig)
    const everything = await ask(['explain', 'r'])
    for (const name of ['calm', 'open', 'wide', 'flaky', 'broken'])
      expect(everything).toMatch(new RegExp(`^${name}: `, 'm'))
    await says('many', /can never run here: needs 3 nodes/)
    expect(await ask(['status', 'r'])).toContain('can never run here: needs 4000 cpus')
    for (const { pid } of [writer, rewriter]) process.kill(pid, 'SIGKILL')
    await says('open', 'nothing is queued')
    await run.end()

    const over = await ask(['explain', 'r', 'wide'])
    expect(over).toMatch(/wide: 1 pending, 0 running.*can never run here: needs 4000 cpus.*odop drain r/s)
    expect(JSON.stringify(rig.summary('r')['notes'])).toContain(
      'wide has work items left: can never run here: needs 4000',
    )
    rig.write('empty/README', '')
    await rig.odop(['run', '--name', 'r', '--tasks', 'empty', '--', 'true'])
    expect(await ask(['explain', 'r', 'wide'])).toContain('no task of this name is defined any more')
  })

  test('cores held by attempts, and how many may read and write or use the network at a time', async () => {
    await using run = await live(
      `
      export const io = task({ trigger: fileIn('in'), ioBound: true, priority: 2 }, ${HOLD})
      export const net = task({ trigger: fileIn('in'), networkBound: true, priority: 2 }, ${HOLD})
      export const one = task({ trigger: fileIn('one'), cpus: ${cores} }, () => {})
    `,
      [],
      { files: ['in/a', 'in/b'] },
    )
    await run.says('io', 'one ioBound attempt is running already, and a node takes one at a time')
    if (cores > 1)
      await run.says('net', 'one networkBound attempt is running already, and a node takes one at a time')
    run.rig.write('one/a', 'x')
    await run.says(
      'one',
      new RegExp(
        `needs ${cores} free cores? on a node; the most is \\d+ \\(of ${cores}: \\d held by attempts`,
      ),
    )
    await run.end()
    expect(await run.explained('one')).toMatch(/needs \d+ free cores? on a node.*odop drain r/s)
  })

  test('replicas, max-cpus, and a pause', async () => {
    await using run = await live(
      `
      export const single = task({ trigger: fileIn('in'), replicas: 1 }, ${HOLD})
      export const other = task({ trigger: fileIn('other') }, () => {})
    `,
      ['--max-cpus', '1'],
      { files: ['in/a', 'in/b', 'in/c'] },
    )
    await run.says('single', '1 of at most 1 at the same time are running')
    await run.says('single', '2 pending, 1 running')
    run.rig.write('other/a', 'x')
    await run.says('other', 'attempts may use at most 1 cores of a node (max-cpus)')
    await run.rig.odop(['pause', 'r'])
    await run.says('other', 'harvesting is paused')
    await run.rig.odop(['resume', 'r'])
    await run.says('other', 'attempts may use at most 1 cores of a node (max-cpus)')
  })

  test('the time that is left of the job', async () => {
    const environment = {
      SLURM_JOB_ID: '4711',
      SLURM_JOB_NODELIST: os.hostname(),
      SLURMD_NODENAME: os.hostname(),
      SLURM_JOB_END_TIME: String(Math.floor(Date.now() / 1000) + 900),
    }
    await using run = await live(
      `export const long = task({ trigger: fileIn('in'), time: '2h' }, () => {})`,
      [],
      {
        environment,
        files: ['in/a'],
      },
    )
    await run.says('long', /the job ends in 1\dm(\d+s)?, and an attempt may take 2h/)
  })

  test('memory that is to stay free', async () => {
    const tasks = `
      export const modest = task({ trigger: fileIn('in') }, () => {})
      export const hungry = task({ trigger: fileIn('in'), memory: ${Math.floor(os.totalmem() * 0.005)} }, () => {})`
    await using run = await live(tasks, ['--memory-reserve', '99%'], { files: ['in/a'] })
    await run.says('modest', 'no memory is left besides the reserve')
    await run.says(
      'hungry',
      /needs [\d.]+[MG] of memory; the most that a node has left is|can never run here: needs/,
    )
  })

  const burns = spawnSync('sh', ['-c', 'command -v taskset']).status === 0
  test.runIf(burns)('cores that the application uses (needs taskset)', async () => {
    const burner = `n=0; until [ -e burn ] || [ $n -gt 2000 ]; do sleep 0.1; n=$((n + 1)); done; for core in $(seq 0 ${os.cpus().length - 1}); do taskset -c $core timeout 40 sh -c 'until [ -e end ]; do :; done' 2>/dev/null & done; wait`
    await using run = await live(`export const idle = task({ trigger: fileIn('in') }, () => {})`, [], {
      environment: { ODOP_IDLE_THRESHOLD: '1%' },
      files: [],
      application: ['sh', '-c', burner],
    })
    run.rig.write('burn', '')
    // What comes before the first look at the busy cores may still start.
    let files = 0
    await until(
      'an item waits for cores that the application uses',
      async () => {
        files += 1
        run.rig.write(`in/${files}`, 'x')
        return /\d in use by the application or not idle for long enough/.test(await run.explained('idle'))
      },
      35,
    )
  })

  test('what it is asked for and is not there', async () => {
    await using rig = createRig()
    await rig.odop(['run', '--name', 'r', '--', 'true'])
    expect(await rig.odop(['explain', 'nobody'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nobody'),
    })
    const { code, stderr } = await rig.odop(['explain', 'r', 'reduce'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('r has no task reduce') })
    expect((await rig.odop(['explain', 'r'])).stdout.toString()).toContain('no task')
  })
})
