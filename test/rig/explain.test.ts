import { spawnSync } from 'node:child_process'
import { chownSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { HOLD, live, oneLine, type Told, WORDS } from './explained.ts'
import { createRig, odop, type Rig, until } from './rig.ts'

function asks(rig: Rig): (words: readonly string[]) => Promise<string> {
  return async words => oneLine((await rig.odop(words)).stdout.toString())
}

const cores = os.availableParallelism()

const NOBODY = 65534
const AS_NOBODY = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--']
/** PR_SET_DUMPABLE. */
const UNSEEN = `import ctypes, time
ctypes.CDLL(None).prctl(4, 0)
print('hidden', flush=True)
time.sleep(300)`
const canBeNobody =
  process.getuid?.() === 0 &&
  spawnSync('setpriv', [...AS_NOBODY.slice(1), process.execPath, odop, '--version']).status === 0 &&
  spawnSync('setpriv', [...AS_NOBODY.slice(1), '/usr/bin/python3', '--version']).status === 0

// Every wait has its own limit; that of a test would leave processes behind.
describe('odop explain', { timeout: 240_000 }, () => {
  test('what needs no core to be seen: triggers, files, what never fits, retries, and an earlier launch’s tasks', async () => {
    await using run = await live(
      `
      export const calm = task({ trigger: fileIn('calm', { filter: '*.bin' }) }, () => {})
      export const mistyped = task({ trigger: fileIn('none') }, () => {})
      export const open = task({ trigger: fileIn('open') }, () => {})
      export const rewritten = task({ trigger: fileUpdated('rewritten/state') }, () => {})
      export const batch = task({ trigger: fileIn('batch', { batchSize: 3 }) }, () => {})
      export const later = task({ trigger: timer('1h') }, () => {})
      export const told = task({ trigger: signal('go') }, () => {})
      export const wide = task({ trigger: fileIn('in'), cpus: 4000 }, () => {})
      export const large = task({ trigger: fileIn('in'), memory: '100T' }, () => {})
      export const many = task({ trigger: fileIn('in'), nodes: 3, ranksPerNode: 1, command: () => ['true'] })
      export const gpu = task({ trigger: fileIn('in'), gpus: 64 }, () => {})
      export const flaky = task({ trigger: fileIn('in'), retries: { limit: 2, delay: '10m' } }, () => { throw new Error('no') })
      export const broken = task({ trigger: fileIn('in'), retries: 0 }, () => { throw new Error('no luck') })
      export const few = task({ trigger: fileIn('in'), maxRuns: 1 }, () => {})
    `,
      { files: ['in/a', 'batch/1', 'batch/2', 'calm/note.txt'] },
    )
    const { rig, says } = run
    const held = `const fs = require('fs'); const f = fs.openSync(process.argv[1], 'w'); fs.writeSync(f, 'x'); setInterval(() => {}, 1000)`
    for (const folder of ['open', 'rewritten']) rig.write(`${folder}/.keep`, '')
    const writer = rig.start([process.execPath, '-e', held, 'open/out.h5'])
    const rewriter = rig.start([process.execPath, '-e', held, 'rewritten/state'])
    await says('open', 'open', `/open/out.h5" is not complete: process ${writer.pid} (${process.execPath} -e`)
    await says('rewritten', 'open', `/rewritten/state" is not complete: process ${rewriter.pid} (`)
    await says('calm', 'trigger', 'nothing is queued: it waits for its trigger (a file in calm, *.bin)')
    await says('mistyped', 'no-folder', `there is no folder "${rig.folder}/none" yet`)
    await says('batch', 'batch', '2 of the 3 files of the next work item are complete')
    await says('later', 'period', /the next period ends in (1h|59m)/)
    await says('told', 'trigger', /nothing is queued: it waits for its trigger \(.*go/)
    await says('wide', 'never-fits', /needs 4000 cpus, but a node has at most \d+ for tasks/)
    await says('large', 'never-fits', /needs 100T of memory, but a node has at most/)
    await says('gpu', 'never-fits', 'GPU')
    await says(
      'flaky',
      'retry',
      /waits until \d\d:\d\d:\d\d UTC \((10m|9m\d+s)\) before it is tried again: 1 of 3 attempts failed/,
    )
    await says('flaky', 'last-failure', /flaky#1\.1: .*no/)
    await says(
      'broken',
      'failed',
      /1 work item failed 1 time and will not be tried again \(retries: 0\); the last, broken#1\.1: .*no luck/,
    )
    await says('few', 'taken', 'a run takes 1 work item of it (maxRuns)')
    const ask = asks(rig)
    const everything = await ask(['explain', 'r'])
    for (const name of ['calm', 'open', 'wide', 'flaky', 'broken'])
      expect(everything).toMatch(new RegExp(`^${name}: `, 'm'))
    await says('many', 'never-fits', 'needs 3 nodes')
    expect(await ask(['status', 'r'])).toContain('can never run here: needs 4000 cpus')
    for (const { pid } of [writer, rewriter]) process.kill(pid, 'SIGKILL')
    await says('open', 'trigger')
    await run.end()

    await says(
      'wide',
      'over',
      /wide: 1 pending, 0 running.*can never run here: needs 4000 cpus.*odop drain r/s,
    )
    expect(JSON.stringify(rig.summary('r')['notes'])).toContain(
      'wide has work items left: can never run here: needs 4000',
    )
    rig.write('empty/README', '')
    await rig.odop(['run', '--name', 'r', '--tasks', 'empty', '--', 'true'])
    await says('wide', 'undefined', `defined any more in ${rig.folder}/empty`)
  })

  test('files that are new, many, or not one’s own to judge', async () => {
    await using run = await live(
      `
      export const empty = task({ trigger: fileIn('empty') }, () => {})
      export const many = task({ trigger: fileIn('many', { batchSize: 1000000 }) }, () => {})
    `,
      { files: ['empty/first', 'many/first'] },
    )
    let made = 0
    const making = setInterval(() => run.rig.write(`empty/${++made}`, ''), 20)
    try {
      await run.glimpses('empty', 'empty')
    } finally {
      clearInterval(making)
    }
    const more = setInterval(() => {
      for (let n = 0; n < 400; n += 1) run.rig.write(`many/${++made}`, 'x')
    }, 100)
    try {
      await run.glimpses('many', 'unseen')
    } finally {
      clearInterval(more)
    }
  })

  test.runIf(canBeNobody)(
    'files of which odop cannot see who writes to them (needs root, setpriv and python3)',
    async () => {
      const rig = createRig()
      for (const folder of ['.', 'data', '.odop-path']) {
        mkdirSync(path.join(rig.folder, folder), { recursive: true })
        chownSync(path.join(rig.folder, folder), NOBODY, NOBODY)
      }
      await using run = await live(`export const patient = task({ trigger: fileIn('data') }, () => {})`, {
        rig,
        before: AS_NOBODY,
        environment: { ODOP_SETTLE: '1h', HOME: rig.folder },
      })
      // Begun after odop by the same user, and not to be looked into, as what was started with more rights is.
      const [program = '', ...words] = [...AS_NOBODY, '/usr/bin/python3', '-c', UNSEEN]
      const hidden = rig.start([program, ...words], { environment: { PATH: '/usr/bin:/bin' } })
      await until('it is hidden', () => hidden.stdout().includes('hidden'))
      // The kernel grants no lease on a file of somebody else.
      rig.write('data/of-root', 'x')
      await run.says('patient', 'settling', 'it must not change for 1h')
    },
  )

  test('cores held by attempts, and how many may read and write or use the network at a time', async () => {
    await using run = await live(
      `
      export const io = task({ trigger: fileIn('in'), ioBound: true, priority: 2 }, ${HOLD})
      export const net = task({ trigger: fileIn('in'), networkBound: true, priority: 2 }, ${HOLD})
      export const one = task({ trigger: fileIn('one'), cpus: ${cores} }, () => {})
    `,
      { files: ['in/a', 'in/b'] },
    )
    await run.says('io', 'ioBound', '(io#1.1)')
    if (cores > 1) await run.says('net', 'networkBound', '(net#1.1)')
    run.rig.write('one/a', 'x')
    const held = cores > 1 ? '2 held by attempts of io, net' : '1 held by attempts of io'
    await run.says(
      'one',
      'cores',
      new RegExp(`needs ${cores} free cores? on a node; the most is \\d+ \\(of ${cores}: ${held}`),
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
      { words: ['--max-cpus', '1'], files: ['in/a', 'in/b', 'in/c'] },
    )
    await run.says('single', 'replicas', '1 of at most 1 at the same time is running')
    await run.says('single', 'replicas', '2 pending, 1 running')
    run.rig.write('other/a', 'x')
    await run.says('other', 'maxCpus', 'those of single')
    await run.rig.odop(['pause', 'r'])
    await run.says('other', 'paused')
    await run.rig.odop(['resume', 'r'])
    await run.says('other', 'maxCpus')
  })

  test('other tasks that go first, and what a run takes no more of', async () => {
    const tasks = (more: string) => `
      export const first = task({ trigger: fileIn('in'), priority: 2 }, ${HOLD})
      export const second = task({ trigger: fileIn('in'), dependsOn: 'first' }, () => {})
      export const listed = task({ trigger: fileIn('list')${more} }, ${HOLD})`
    const rig = createRig()
    const options = { rig, words: ['--max-cpus', '1'], files: ['in/a'] }
    const before = await live(tasks(''), options)
    await before.says('first', 'all-runs', 'waits for its trigger (a file in in)')
    await before.says('second', 'depends', 'waits until first has nothing left to do (1 running)')
    for (const name of ['a', 'b', 'c']) rig.write(`list/${name}`, 'x')
    await before.says('listed', 'maxCpus', 'those of first')
    await before.end()
    rig.remove('end')
    await using run = await live(tasks(', maxRuns: 1'), options)
    await run.says('listed', 'max-runs', '2 more than the 1 that a run takes (maxRuns)')
  })

  test.runIf(cores > 1)('what could start while the launch ends (needs two cores)', async () => {
    const stubborn = 'trap "" TERM; touch began; until [ -e release ]; do sleep 0.1; done'
    await using run = await live(
      `
      export const stubborn = task({ trigger: fileIn('in'), priority: 2, command: () => ['sh', '-c', '${stubborn}'] })
      export const others = task({ trigger: fileIn('in'), cpus: ${cores - 1} }, ${HOLD})
      export const late = task({ trigger: fileIn('late'), priority: -1 }, () => {})
    `,
      { environment: { ODOP_GRACE: '60s' }, files: ['in/a'] },
    )
    try {
      await run.says('stubborn', 'all-runs')
      await run.says('others', 'all-runs')
      await until('it has begun', () => run.rig.list('.').includes('began'))
      run.rig.write('late/a', 'x')
      await run.says('late', 'cores', `${cores} held by attempts of others, stubborn`)
      run.rig.write('end', '')
      await run.says('others', 'too-late')
      await run.says('late', 'behind', 'waits behind others')
    } finally {
      run.rig.write('release', '')
    }
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
      { environment, files: ['in/a'] },
    )
    await run.says('long', 'time-left', /the job ends in 1\dm(\d+s)?, and an attempt may take 2h/)
  })

  test('memory that is to stay free', async () => {
    const tasks = `
      export const modest = task({ trigger: fileIn('in') }, () => {})
      export const hungry = task({ trigger: fileIn('in'), memory: ${Math.floor(os.totalmem() * 0.005)} }, () => {})`
    await using run = await live(tasks, { words: ['--memory-reserve', '99%'], files: ['in/a'] })
    await run.says('modest', 'memory', 'no memory is left besides the reserve of')
    await until('that of its own is said', async () =>
      /needs [\d.]+[MG] of memory; the most that a node has left is|can never run here: needs/.test(
        await run.explained('hungry'),
      ),
    )
  })

  const burns = spawnSync('sh', ['-c', 'command -v taskset']).status === 0
  test.runIf(burns)('cores that the application uses (needs taskset)', async () => {
    const burner = `n=0; until [ -e burn ] || [ $n -gt 2000 ]; do sleep 0.1; n=$((n + 1)); done; for core in $(seq 0 ${os.cpus().length - 1}); do taskset -c $core timeout 40 sh -c 'until [ -e end ]; do :; done' 2>/dev/null & done; wait`
    await using run = await live(`export const idle = task({ trigger: fileIn('in') }, () => {})`, {
      environment: { ODOP_IDLE_THRESHOLD: '1%' },
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
        return /\d in use by the application/.test(await run.explained('idle'))
      },
      35,
    )
  })

  test('short work that follows, and what can start in a moment', async () => {
    await using run = await live(
      `
      export const short = task({ trigger: fileIn('in'), priority: 1 }, () => {})
    `,
    )
    let made = 0
    const making = setInterval(() => {
      for (let n = 0; n < 100; n += 1) run.rig.write(`in/${++made}`, 'x')
    }, 100)
    try {
      await run.glimpses('short', 'follows')
      await run.glimpses('short', 'startable')
    } finally {
      clearInterval(making)
    }
  })

  test('a policy of the user’s own', async () => {
    const rig = createRig()
    rig.write(
      'policy.mjs',
      `import { definePolicy } from 'odop'
       export default definePolicy(({ items }) => items.filter(({ task }) => task === 'liked').map(({ id }) => ({ item: id })))`,
    )
    await using run = await live(
      `
      export const liked = task({ trigger: fileIn('in') }, ${HOLD})
      export const ignored = task({ trigger: fileIn('in') }, () => {})
    `,
      { rig, words: ['--policy', './policy.mjs', '--max-cpus', '1'], files: ['in/a', 'in/b'] },
    )
    await run.says('ignored', 'own-policy', `your policy ${rig.folder}/policy.mjs has not chosen it yet`)
    await run.says('liked', 'own-policy', 'is not free at present')
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

describe('every reason that there is', () => {
  const folder = import.meta.dirname
  const sources = readdirSync(folder)
    .filter(name => /^explain.*\.test\.ts$/.test(name))
    .map(name => readFileSync(path.join(folder, name), 'utf8'))
    .join('\n')

  test.each(Object.keys(WORDS) as Told[])('%s is shown by a real run', kind => {
    const asked = new RegExp(`\\b(says|glimpses)\\(\\s*'\\w+',\\s*'${kind}'`).test(sources)
    expect(asked, `no test asks for ${kind}`).toBe(true)
  })
})
