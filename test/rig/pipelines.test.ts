import { existsSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { createRig, odop, type Rig, until } from './rig.ts'

const lines = (rig: Rig, file: string) => rig.read(file).trim().split('\n').sort()
function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}

const WAITS = ['sh', '-c', 'until [ -e stop ]; do sleep 0.05; done']

const REDUCE = `
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileIn, task } from 'odop'
export default task({ name: 'reduce', trigger: fileIn('data') }, ({ file }) => ({
  name: path.basename(file),
  mean: Number(readFileSync(file, 'utf8')) / 2,
}))
`
const PLOT = `
import { appendFileSync } from 'node:fs'
import path from 'node:path'
import { after, task } from 'odop'
export default task({ name: 'plot', trigger: after('reduce') }, ({ result, file, files }) => {
  appendFileSync('plots', [result.name, result.mean, path.basename(file), files.length].join(' ') + '\\n')
})
export const inShell = task({
  trigger: after('plot'),
  command: ({ file }) => ['sh', '-c', 'echo "$ODOP_RESULT $(basename "$1")" >> shell', 'sh', file],
})
`

describe('after', () => {
  test('each item gets what the one before returned, and its files, through functions and commands', async () => {
    await using rig = createRig()
    rig.write('tasks/reduce.mjs', REDUCE)
    rig.write('tasks/plot.mjs', PLOT)
    for (const n of [1, 2, 3]) rig.write(`data/f${n}`, String(n))
    const { code } = await rig.odop(['run', '--name', 'p', '--drain', '--', 'true'])
    expect(code).toBe(0)
    expect(lines(rig, 'plots')).toEqual(['f1 0.5 f1 1', 'f2 1 f2 1', 'f3 1.5 f3 1'])
    expect(lines(rig, 'shell')).toEqual(['null f1', 'null f2', 'null f3'])
    const again = await rig.odop(['run', '--name', 'p', '--drain', '--', 'true'])
    expect(again.code).toBe(0)
    expect(lines(rig, 'plots')).toHaveLength(3)
  })

  test('what completed while the next task could not be used is for that when it is mended', async () => {
    await using rig = createRig()
    rig.write('tasks/reduce.mjs', REDUCE)
    rig.write('tasks/plot.mjs', PLOT)
    rig.write('data/f1', '1')
    await rig.odop(['run', '--name', 'm', '--drain', '--', 'true'])
    rig.write('tasks/plot.mjs', 'this is no JavaScript')
    rig.write('data/f2', '2')
    await rig.odop(['run', '--name', 'm', '--drain', '--', 'true'])
    expect(lines(rig, 'plots')).toHaveLength(1)
    rig.write('tasks/plot.mjs', PLOT)
    await rig.odop(['run', '--name', 'm', '--drain', '--', 'true'])
    expect(lines(rig, 'plots')).toEqual(['f1 0.5 f1 1', 'f2 1 f2 1'])
  })

  test('a result that is no JSON, or too large, fails the attempt and says so', async () => {
    await using rig = createRig()
    rig.write(
      'tasks/t.mjs',
      `import { after, fileIn, task } from 'odop'
       const parts = { trigger: fileIn('data'), retries: 0 }
       export const circle = task(parts, () => { const c = {}; c.c = c; return c })
       export const large = task(parts, () => 'x'.repeat(70_000))
       export const kept = task(parts, () => { const c = {}; c.c = c; return c })
       export default ['circle', 'large'].map(name => task({ name: 'after-' + name, trigger: after(name) }, () => {}))`,
    )
    rig.write('data/f', '1')
    await rig.odop(['run', '--name', 'bad', '--drain', '--', 'true'])
    const ends = rig.events('bad').flatMap(event => (event.type === 'attempt-ended' ? [event] : []))
    const reasonOf = (task: string) => ends.find(end => end.task === task)?.reason ?? null
    expect(reasonOf('circle')).toMatch(/can’t be handed.*circular/)
    expect(reasonOf('large')).toMatch(/70002 bytes.*64 KiB/)
    expect(reasonOf('kept')).toBeNull()
    expect(ends).toHaveLength(3)
  })

  test('kill -9 between an end and what comes after it loses nothing and does nothing twice', {
    timeout: 180_000,
  }, async () => {
    await using rig = createRig()
    const FILES = 60
    for (let n = 0; n < FILES; n++) rig.write(`data/f${n}`, String(n))
    rig.write('tasks/reduce.mjs', REDUCE)
    rig.write('tasks/plot.mjs', PLOT)
    for (let kill = 0; kill < 8; kill++) {
      const launch = rig.start([odop, 'run', '--name', 'k', '--', ...WAITS])
      await until('it runs', () => launch.pid > 0 && existsSync(path.join(rig.odopPath, 'runs/k/lock')))
      await new Promise(resolve => setTimeout(resolve, 300 + Math.random() * 1200))
      process.kill(launch.pid, 'SIGKILL')
      await until('nothing is left', () => {
        for (const { pid } of rig.processes()) killQuietly(pid)
        return rig.processes().length === 0
      })
    }
    expect((await rig.odop(['run', '--name', 'k', '--drain', '--', 'true'])).code).toBe(0)
    const events = rig.events('k')
    const sources = events.flatMap(event =>
      event.type === 'item-queued' && event.item.task === 'plot' ? [event.item.after] : [],
    )
    expect(sources).toHaveLength(FILES)
    expect(new Set(sources).size).toBe(FILES)
    expect(new Set(lines(rig, 'plots')).size).toBe(FILES)
    const started = new Set<string>()
    for (const event of events) {
      if (event.type === 'attempt-ended' && event.outcome === 'completed') started.add(event.item)
      if (event.type === 'attempt-started') expect(started.has(event.item)).toBe(false)
    }
  })
})

describe('dependsOn', () => {
  const TASKS = `
import { appendFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { fileIn, signal, task } from 'odop'
export const reduce = task({ trigger: fileIn('data') }, async () => {
  await setTimeout(150)
  appendFileSync('order', 'reduce\\n')
})
export const plot = task({ trigger: fileIn('data'), dependsOn: 'reduce', priority: 10 }, () => appendFileSync('order', 'plot\\n'))
export const stuck = task({ trigger: fileIn('none'), cpus: 4096 }, () => {})
export const never = task({ trigger: fileIn('data'), dependsOn: { all: ['reduce', 'stuck'] } }, () => appendFileSync('order', 'never\\n'))
`
  test('holds items back until the other queue is empty, and a drain does not wait for what can never be released', async () => {
    await using rig = createRig()
    rig.write('tasks/t.mjs', TASKS)
    rig.write('none/f', '')
    for (let n = 0; n < 6; n++) rig.write(`data/f${n}`, String(n))
    const { code, stderr } = await rig.odop(['run', '--name', 'd', '--drain', '--', 'true'])
    expect(code).toBe(0)
    expect(rig.read('order').trim().split('\n')).toEqual([
      ...Array(6).fill('reduce'),
      ...Array(6).fill('plot'),
    ])
    expect(stderr).toMatch(/left/)
    const { stdout } = await rig.odop(['status', 'd', '--json'])
    const { tasks } = JSON.parse(stdout.toString()) as { tasks: { name: string; pending: number }[] }
    expect(tasks.find(({ name }) => name === 'never')?.pending).toBe(6)
  })

  test('waits for a file that is known but not complete', async () => {
    await using rig = createRig()
    rig.write(
      'tasks/t.mjs',
      `import { appendFileSync } from 'node:fs'
       import { fileIn, signal, task } from 'odop'
       const note = ({ task }) => appendFileSync('order', task + '\\n')
       export const reduce = task({ trigger: fileIn('data') }, note)
       export const plot = task({ trigger: signal('now'), dependsOn: 'reduce' }, note)
       export const free = task({ trigger: signal('now') }, note)`,
    )
    rig.write(
      'solver.sh',
      `exec 3> data/slow; echo x >&3
       ${odop} signal "$ODOP_RUN" now || exit 41
       until [ -e order ]; do sleep 0.05; done
       until [ -e go ]; do sleep 0.05; done`,
    )
    rig.write('data/.keep', '')
    const launch = rig.start([odop, 'run', '--name', 'i', '--drain', '--', 'sh', 'solver.sh'])
    const reason = async () => {
      const { stdout } = await rig.odop(['status', 'i', '--json'])
      if (!rig.list('.').includes('order')) return ''
      const status = JSON.parse(stdout.toString()) as { tasks: { name: string; pending: number }[] }
      return JSON.stringify(status.tasks.find(({ name }) => name === 'plot'))
    }
    await until('the other one was free to go', async () => /"pending":1/.test(await reason()))
    expect(rig.read('order')).toBe('free\n')
    rig.write('go', '')
    expect((await launch.finished).code).toBe(0)
    expect(rig.read('order')).toBe('free\nreduce\nplot\n')
  })

  test('says why, and odop tasks check shows what waits for what', async () => {
    await using rig = createRig()
    rig.write('tasks/t.mjs', TASKS)
    rig.write('none/f', '')
    rig.write('data/f', '1')
    const launch = rig.start([odop, 'run', '--name', 'w', '--', ...WAITS])
    const waiting = async () => {
      const { stdout } = await rig.odop(['status', 'w', '--json'])
      if (stdout.length === 0) return ''
      const status = JSON.parse(stdout.toString()) as { waiting: { task: string; reason: string }[] }
      return status.waiting.find(({ task }) => task === 'never')?.reason ?? ''
    }
    await until('it waits for the one that can not run', async () =>
      /waits until stuck has nothing left to do \(1 pending\)/.test(await waiting()),
    )
    rig.write('stop', '')
    await launch.finished
    const { stdout } = await rig.odop(['tasks', 'check'])
    expect(stdout.toString().replaceAll(/\s+/g, ' ')).toContain('a file in data; when reduce is done')
  })
})

describe('signal', () => {
  const TASKS = `
import { appendFileSync } from 'node:fs'
import path from 'node:path'
import { signal, task } from 'odop'
export const onStep = task({ trigger: signal('step') }, ({ files, file }) => {
  appendFileSync('steps', [files.length, ...files.map(each => path.basename(each)), file === undefined].join(' ') + '\\n')
})
export const few = task({ trigger: signal('few'), maxRuns: 1 }, () => process.env.ODOP_RUN + ' ' + process.env.ODOP_SOCKET)
export const shown = task({ name: 'environment', trigger: signal('environment') }, () => {
  appendFileSync('environment', process.env.ODOP_RUN + ' ' + process.env.ODOP_SOCKET + '\\n')
})
`

  test('each firing queues an item with its files; the application finds the run by its environment', async () => {
    await using rig = createRig()
    rig.write('tasks/t.mjs', TASKS)
    const script = `
      echo "$ODOP_RUN $ODOP_SOCKET"
      ${odop} signal "$ODOP_RUN" step --file a 'b c' || exit 41
      ${odop} signal "$ODOP_RUN" step || exit 42
      ${odop} signal "$ODOP_RUN" environment || exit 43
      ${odop} signal "$ODOP_RUN" unknown 2> unknown && exit 44
      ${odop} signal "$ODOP_RUN" few && ! ${odop} signal "$ODOP_RUN" few 2> few || exit 45
      ${odop} status "$ODOP_RUN" --json > status.json
    `
    rig.write('solver.sh', script)
    const { code, stdout } = await rig.odop(['run', '--drain', '--', 'sh', 'solver.sh'])
    expect(code).toBe(0)
    const [run = '', socket = ''] = stdout.toString().trim().split(' ')
    expect(run).toMatch(/^solver-\d{8}-\d{6}$/)
    expect(Buffer.byteLength(socket)).toBeLessThanOrEqual(103)
    expect(lines(rig, 'steps')).toEqual(['0 true', '2 a b c false'])
    expect(rig.read('environment')).toBe(`${run} ${socket}\n`)
    expect(rig.read('unknown')).toMatch(
      /no trigger of this name: "unknown"; there is: progress, few, step, environment/,
    )
    expect(rig.read('few')).toMatch(/few: no more work items are taken in this run \(maxRuns\)/)
    expect(JSON.parse(rig.read('status.json'))).toMatchObject({ run, state: 'live' })
    expect(existsSync(path.dirname(socket))).toBe(false)
    const files = rig.events(run).flatMap(event => (event.type === 'item-queued' ? event.item.files : []))
    expect(files).toEqual([path.join(rig.folder, 'a'), path.join(rig.folder, 'b c')])
  })

  test('the application’s environment is otherwise what it was, and a run is found by it whatever it is called', async () => {
    await using rig = createRig()
    rig.write('odop.config.mjs', `export default { name: 'from-file', odopPath: './elsewhere' }`)
    rig.write('tasks/t.mjs', TASKS)
    const before = await rig.start(['env', '-0']).finished
    const inside = await rig.odop(
      ['run', '--quiet', '--drain', '--', 'sh', '-c', `env -0; cd /; ${odop} signal "$ODOP_RUN" step`],
      { environment: { ODOP_PATH: '' } },
    )
    expect(inside.code).toBe(0)
    const variables = (text: Buffer) =>
      text
        .toString()
        .split('\0')
        .filter(entry => entry !== '' && !/^(_|PWD|OLDPWD|SHLVL|ODOP_(RUN|SOCKET|PATH))=/.test(entry))
        .sort()
    expect(variables(inside.stdout)).toEqual(variables(before.stdout))
    expect(lines(rig, 'steps')).toEqual(['0 true'])
    expect(rig.list('elsewhere/runs')).toEqual(['from-file'])
  })

  test('a run that is not live is told nothing, and a socket of a long path is short', async () => {
    await using rig = createRig()
    rig.write('tasks/t.mjs', TASKS)
    const long = path.join(rig.folder, 'x'.repeat(120), 'y'.repeat(120))
    const environment = { ODOP_PATH: long, TMPDIR: path.join(rig.folder, 'z'.repeat(100)) }
    const launch = rig.start([odop, 'run', '--name', 'n', '--', ...WAITS], { environment })
    await until(
      'it can be told',
      async () => (await rig.odop(['signal', 'n', 'step'], { environment })).code === 0,
    )
    rig.write('stop', '')
    expect((await launch.finished).code).toBe(0)
    const late = await rig.odop(['signal', 'n', 'step'], { environment })
    expect(late).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/n is not running any more/),
    })
    const nobody = await rig.odop(['signal', 'x', 'step'], { environment })
    expect(nobody).toMatchObject({ code: 1, stderr: expect.stringMatching(/no run named x/) })
  })
})

describe('odop wait', () => {
  const TASKS = `
import { appendFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { fileIn, signal, task } from 'odop'
export const reduce = task({ trigger: fileIn('data') }, async () => {
  await setTimeout(300)
  appendFileSync('done', 'x')
})
export const endless = task({ trigger: signal('begin') }, ({ signal }) => new Promise(end => signal.addEventListener('abort', end)))
export const always = task({}, () => setTimeout(1000))
`

  test('returns when a task, or all of them, have worked off what was written before', async () => {
    await using rig = createRig()
    rig.write('tasks/t.mjs', TASKS)
    const script = `
      for i in 1 2 3; do
        echo x > data/f$i
        ${odop} wait "$ODOP_RUN" --task reduce || exit 41
        [ "$(wc -c < done)" = $i ] || exit 42
      done
      ${odop} wait "$ODOP_RUN" --timeout 60s || exit 43
      ${odop} signal "$ODOP_RUN" begin
      ${odop} wait "$ODOP_RUN" --timeout 1s 2> late; [ $? = 124 ] || exit 44
      ${odop} wait "$ODOP_RUN" --task nobody 2> nobody; [ $? = 1 ] || exit 45
      ${odop} wait "$ODOP_RUN" --timeout soon 2> wrong; [ $? = 2 ] || exit 46
      ${odop} wait "$ODOP_RUN" --task reduce --timeout 20s || exit 47
    `
    rig.write('solver.sh', script)
    rig.write('data/.keep', '')
    const { code } = await rig.odop(['run', '--name', 'w', '--', 'sh', 'solver.sh'])
    expect(code).toBe(0)
    expect(rig.read('late')).toBe('odop: w still has something to do\n')
    expect(rig.read('nobody')).toMatch(/no task of this name: "nobody"; there is: .*reduce/)
    expect(rig.read('wrong')).toMatch(/expected a duration.*found 'soon'/)

    expect(await rig.odop(['wait', 'w', '--task', 'reduce'])).toMatchObject({ code: 0, stderr: '' })
    const left = await rig.odop(['wait', 'w'])
    expect(left).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/w has ended with 1 work item left; .*odop drain w/),
    })
    expect(await rig.odop(['wait', 'x'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no run named x/),
    })
  })
})
