import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, test } from 'vitest'
import { fakeNvidiaSmi, fakeTool, UUIDS } from '../node/observe/gpus/fake-tools.ts'
import { HOLD, type Live, live } from './explained.ts'
import { enter, memoryGroup, removeGroup } from './memory-group.ts'
import { createRig, until } from './rig.ts'

const cores = os.availableParallelism()

/** Writes that are on the disk before the next one. */
const WRITING = 'dd if=/dev/zero bs=4k count=200 oflag=dsync of=written'

/** The share of the time in which some process waits for I/O while one writes; null: the kernel does not say. */
function pressureOfWriting(): number | null {
  const waited = () => {
    try {
      return Number(/^some .*total=(\d+)/m.exec(readFileSync('/proc/pressure/io', 'utf8'))?.[1]) / 1e6
    } catch {
      return null
    }
  }
  const file = path.join(os.tmpdir(), `odop-writing-${process.pid}`)
  const [before, began] = [waited(), performance.now()]
  spawnSync('timeout', [
    '0.5',
    ...WRITING.replace('count=200 ', '').replace('=written', `=${file}`).split(' '),
  ])
  const after = waited()
  rmSync(file, { force: true })
  return before === null || after === null ? null : (after - before) / ((performance.now() - began) / 1000)
}

const isPressed = (pressureOfWriting() ?? 0) > 0.1

/** Adds files until a work item is there that says so: what comes before the cause shows may still start. */
async function saysOfNew(
  { rig, explained }: Live,
  task: string,
  what: RegExp,
  seconds: number,
): Promise<void> {
  let files = 0
  const seen = async () => {
    files += 1
    rig.write(`${task}/${files}`, 'x')
    return what.test(await explained(task))
  }
  await until(`explain says of a new item ${what}`, seen, seconds, 300)
}

/** A step, told by a file, takes 0.3 s, or 0.6 s while the task runs and is not stopped. */
const STEPS = `
const fs = require('node:fs')
const taskRuns = () => {
  try {
    return fs.readFileSync('/proc/' + fs.readFileSync('pid', 'utf8') + '/stat', 'utf8').split(') ')[1][0] !== 'T'
  } catch { return false }
}
let step = 0
const next = () => {
  if (fs.existsSync('end')) return
  fs.writeFileSync('out/step-' + step++ % 10, String(step))
  setTimeout(next, taskRuns() ? 600 : 300)
}
fs.mkdirSync('out')
next()`

/** Has 200 MiB, and little by little 260 more once it is to grow, until the end. */
const GROWS = `
const { existsSync } = require('node:fs')
const fill = megabytes => Buffer.alloc(megabytes * 2 ** 20, 1)
const parts = [fill(200)]
const look = () => {
  if (existsSync('end')) process.exit(0)
  if (existsSync('grow') && parts.length < 53) parts.push(fill(5))
  setTimeout(look, 100)
}
look()`

describe('odop explain, beside an application', { timeout: 240_000 }, () => {
  test.runIf(isPressed)('that keeps the disk busy (needs a disk, and a kernel that counts)', async () => {
    await using run = await live(
      `export const io = task({ trigger: fileIn('io'), ioBound: true }, () => {})`,
      {
        application: [
          'sh',
          '-c',
          `for n in 1 2 3 4; do (until [ -e end ]; do ${WRITING}$n 2>/dev/null; done) & done; wait`,
        ],
      },
    )
    await saysOfNew(run, 'io', /kept waiting for I\/O/, 60)
    await run.says('io', 'ioPressure')
  })

  test('that is slowed down: odop backs off', async () => {
    await using run = await live(
      `
      import { writeFileSync } from 'node:fs'
      export const burn = task({ maxRuns: 1 }, () => {
        writeFileSync('pid', String(process.pid))
        for (const end = Date.now() + 150_000; Date.now() < end; );
      })
      export const other = task({ trigger: fileIn('other') }, () => {})`,
      {
        words: ['--max-slowdown', '20%', '--progress', 'out/step-*'],
        application: [process.execPath, '-e', STEPS],
      },
    )
    await saysOfNew(run, 'other', /odop backs off/, 150)
    await run.says('other', 'heldBack', /slowdown \d+ % over the 20 % allowed, by the application's progress/)
    await run.says(
      'other',
      'heldBack',
      /attempts may use no core of a node until \d\d:\d\d:\d\d UTC \(\S+s\) at least/,
    )
  })

  const group = memoryGroup(700)
  if (group !== null) removeGroup(group.folder)
  test.runIf(group !== null)('that has most of the memory (needs a memory cgroup)', async () => {
    const own = memoryGroup(700)
    if (own === null) throw new Error('the memory cgroup could be made before, and now it cannot')
    try {
      await using run = await live(
        `
        import { writeFileSync } from 'node:fs'
        import { setTimeout } from 'node:timers/promises'
        export const hog = task({ trigger: fileIn('in') }, async ({ signal }) => {
          const taken = Array.from({ length: 150 }, () => Buffer.alloc(2 ** 20, 1))
          writeFileSync('taken', '')
          while (!signal.aborted) await setTimeout(50)
          return taken.length
        })`,
        { before: enter(own), files: ['in/a'], application: [process.execPath, '-e', GROWS] },
      )
      await until('the attempt has what it needs', () => run.rig.list('.').includes('taken'))
      run.rig.write('grow', '')
      await run.says('hog', 'memory', /needs [\d.]+M of memory; the most that a node has left is/)
      await run.says('hog', 'memory-used')
    } finally {
      await until('the memory cgroup is empty', () => removeGroup(own.folder))
    }
  })

  test.runIf(cores > 1)(
    'with one core left, which is kept for what has waited longer (needs two cores)',
    async () => {
      await using run = await live(
        `
      export const hold = task({ trigger: fileIn('in'), priority: 2, time: '20m' }, ${HOLD})
      export const big = task({ trigger: fileIn('big'), priority: 1, cpus: ${cores} }, () => {})
      export const small = task({ trigger: fileIn('small') }, () => {})`,
        { files: ['in/a'] },
      )
      await run.says('hold', 'all-runs')
      run.rig.write('big/a', 'x')
      await saysOfNew(run, 'small', /kept for/, 90)
      await run.says(
        'small',
        'kept',
        /kept for big, which has waited longer and starts at \d\d:\d\d:\d\d UTC at the latest \(1[89]m/,
      )
    },
  )

  test('that computes on the GPU, and before it is known which there are', async () => {
    const rig = createRig()
    const bin = path.join(rig.folder, 'bin')
    const environment = { PATH: `${bin}:${process.env['PATH']}` }
    const tasks = `
      export const render = task({ trigger: fileIn('in'), gpus: 1 }, ${HOLD})
      export const other = task({ trigger: fileIn('other'), gpus: 1 }, () => {})`
    fakeTool(bin, 'nvidia-smi', 'while :; do sleep 1; done')
    const before = await live(tasks, { rig, environment, files: ['in/a'] })
    await before.says('render', 'gpus', 'nothing is known of them yet')
    await before.end()
    rig.remove('end')

    const tool = fakeNvidiaSmi(bin)
    tool.gpus(`0, ${UUIDS[0]}, 100, 40000, 80000\n1, ${UUIDS[1]}, 0, 3, 80000\n`)
    tool.apps(`1, ${UUIDS[0]}, 39000\n`)
    await using run = await live(tasks, { rig, environment })
    await run.says('render', 'all-runs')
    rig.write('other/a', 'x')
    await run.says(
      'other',
      'gpus',
      'needs 1 idle GPU on a node; the most is 0 (of 2: 1 held by attempts of render, 1 in use by the application',
    )
  })
})
