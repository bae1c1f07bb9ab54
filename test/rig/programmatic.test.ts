import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { childOf, install, othersThan, startProgram, told, untilNothingIsLeft } from './program.ts'
import { createRig, odop, type Rig, until } from './rig.ts'

const TASK = `
import { fileIn, task } from 'odop'
export default task({ name: 'note', trigger: fileIn('data') }, ({ file, log }) => log(file))
`

/** Never returns, and takes no notice of any wish to end. */
const ENDLESS = `task({ name: 'endless', trigger: fileIn('data') }, async () => {
  const { writeFileSync } = await import('node:fs')
  writeFileSync('began', '')
  for (;;);
})`

const TELL = 'const tell = value => process.stdout.write(JSON.stringify(value) + "\\n")\n'

function rigWith(files: Readonly<Record<string, string>>): Rig {
  const rig = createRig()
  install(rig)
  for (const [name, content] of Object.entries(files)) rig.write(name, content)
  return rig
}

test('start(), add() and stop(): tasks of a folder, of the program, of a module, and the summary', async () => {
  await using rig = rigWith({
    'tasks/note.mjs': TASK,
    'data/a b.bin': 'four',
    'src/helper.mjs': 'export const twice = n => 2 * n',
    'src/more.mjs': TASK.replace("'note'", "'more'"),
  })
  const program = startProgram(
    rig,
    `${TELL}
import { fileIn, start, task } from 'odop'
const odop = await start({ name: 'mine', tasks: 'tasks', config: { drain: true } })
tell({ name: odop.name, folder: odop.folder, problem: odop.problem })
const sizes = [2, 3].map(factor => odop.add(
  task({ name: 'size-' + factor, trigger: fileIn('data', { filter: /bin$/ }) }, async ({ file, log }) => {
    const { statSync } = await import('node:fs')
    const { twice } = await import('./helper.mjs')
    log(String(factor * twice(statSync(file).size)))
  }),
  { values: { factor } },
))
const command = task({ name: 'count', trigger: fileIn('data'), command({ file }) { return ['wc', '-c', file] } })
tell((await odop.add(task({ name: 'x' }, () => import.meta.url))).problems)
tell([...await Promise.all(sizes), await odop.add([command]), await odop.add(new URL('more.mjs', import.meta.url))])
const summary = await odop.stop()
tell(summary)
tell(await odop.stop() === summary)
`,
    'src/main.mjs',
  )
  const { code, stderr } = await program.finished
  const [begun, problems, added, summary, same] = told(program)
  expect(code).toBe(0)
  expect(stderr).toContain('== odop: mine')
  expect(begun).toEqual({ name: 'mine', folder: path.join(rig.odopPath, 'runs/mine'), problem: null })
  expect(problems).toEqual([expect.stringContaining('import.meta')])
  const tasks = ['size-2', 'size-3', 'count', 'more']
  expect(added).toEqual(tasks.map(name => ({ tasks: [name], problems: [] })))
  expect(summary).toEqual(rig.summary('mine'))
  expect(summary).toMatchObject({
    command: [process.execPath, path.join(rig.folder, 'src/main.mjs')],
    exit: { code: null, signal: null },
    tasks: ['note', ...tasks].map(name => ({ name, completed: 1, failed: 0 })),
    notes: expect.arrayContaining([expect.stringContaining('has stopped odop and went on')]),
  })
  expect(same).toBe(true)
  expect(rig.read('.odop-path/runs/mine/logs/size-3/1.1.log')).toBe('24\n')
  expect(rig.read('.odop-path/runs/mine/logs/count/1.1.log')).toContain('4 ')
  await untilNothingIsLeft(rig, 5)
})

test('a program that forgets stop() ends as it would without odop, and its queue is worked off as `drain` says', async () => {
  await using rig = rigWith({ 'tasks/note.mjs': TASK, 'data/a.bin': 'x' })
  const program = startProgram(
    rig,
    `import { start } from 'odop'
await start({ name: 'forgotten', config: { drain: true, quiet: true } })
process.exitCode = 3`,
  )
  const { code, signal, stdout } = await program.finished
  expect([code, signal, stdout.toString()]).toEqual([3, null, ''])
  await untilNothingIsLeft(rig, 30)
  expect(rig.summary('forgotten')).toMatchObject({
    exit: { code: 3, signal: null },
    tasks: [{ name: 'note', completed: 1 }],
  })
})

test('nothing holds the output of a program that has ended, but stderr for the summary', async () => {
  await using rig = rigWith({ 'data/a.bin': 'x' })
  const source = `import { fileIn, start, task } from 'odop'
const odop = await start({ name: 'output', config: { quiet: true } })
await odop.add(${ENDLESS})
while (!(await import('node:fs')).existsSync('began')) await new Promise(resolve => setTimeout(resolve, 20))
process.stdout.write('last words')
process.exit(0)`
  const program = startProgram(rig, source)
  let closedAt = 0
  program.child.stdout?.once('close', () => {
    closedAt = performance.now()
  })
  await until('standard output is closed', () => closedAt > 0)
  // Its attempt takes no notice of SIGTERM: the supervisor is there for the 5 s of its grace.
  expect(othersThan(rig, program.pid).length).toBeGreaterThan(0)
  expect((await program.finished).stdout.toString()).toBe('last words')
})

test('kill -9 of the program: nothing of odop is left within 2 s, and nothing is lost', {
  timeout: 120_000,
}, async () => {
  await using rig = rigWith({ 'tasks/note.mjs': TASK, 'data/a.bin': 'x' })
  const seconds: number[] = []
  for (const _ of [1, 2, 3]) seconds.push(await killOnce(rig))
  // Where others keep all cores busy, what has the lowest priority may wait for a core to end on; a grace would be 5 s.
  expect(Math.min(...seconds)).toBeLessThan(2)
  expect(rig.summary('killed')).toMatchObject({
    exit: { code: null, signal: null },
    tasks: [
      { name: 'endless', left: 1, attempts: 3 },
      { name: 'waiting', left: 1 },
    ],
    notes: expect.arrayContaining([expect.stringContaining('it was killed')]),
  })
  // What the program had added is what is drained.
  const drain = rig.start([odop, 'drain', 'killed', '--quiet'])
  await until('the task computes again', () => existsSync(path.join(rig.folder, 'began')))
  process.kill(drain.pid, 'SIGTERM')
  expect((await drain.finished).code).toBe(1)
  expect(rig.events('killed').filter(({ type }) => type === 'task-refused')).toEqual([])
})

/** Kills a program while a task of it computes; returns how long anything of odop outlived it. */
async function killOnce(rig: Rig): Promise<number> {
  const program = startProgram(
    rig,
    `${TELL}
import { fileIn, start, task } from 'odop'
const odop = await start({ name: 'killed', tasks: [], config: { drain: true, quiet: true } })
await odop.add(${ENDLESS})
await odop.add(task({ name: 'waiting', trigger: fileIn('data'), cpus: 'all' }, ({ log }) => log('done')))
tell('added')
setInterval(() => {}, 1000)`,
  )
  const began = path.join(rig.folder, 'began')
  await until('a task computes, and another waits', () => existsSync(began) && told(program).length === 1)
  process.kill(program.pid, 'SIGKILL')
  const killedAt = performance.now()
  await untilNothingIsLeft(rig, 30)
  rmSync(began)
  return (performance.now() - killedAt) / 1000
}

test('a program that exits at once ends as it would without odop, and nothing is left', async () => {
  await using rig = rigWith({ 'tasks/note.mjs': TASK })
  for (const source of [
    `import { start } from 'odop'; start({ name: 'brief' }); process.exit(4)`,
    `import { start } from 'odop'; await start({ name: 'brief' }); process.exit(4)`,
  ]) {
    expect((await startProgram(rig, source).finished).code).toBe(4)
    await untilNothingIsLeft(rig, 25)
  }
})

test('a second start() in a program is refused with a value, until the first was stopped', async () => {
  await using rig = rigWith({})
  const program = startProgram(
    rig,
    `${TELL}
import { start } from 'odop'
const first = await start({ name: 'first', config: { quiet: true } })
const second = await start({ name: 'second' })
tell([first.problem, second.name, second.problem, await second.add('x'), await second.stop()])
await first.stop()
const third = await start({ name: 'third', config: { quiet: true } })
tell([third.name, third.problem])
await third.stop()`,
  )
  expect((await program.finished).code).toBe(0)
  const problem = expect.stringContaining('started already')
  expect(told(program)).toEqual([
    [null, null, problem, { tasks: [], problems: [problem] }, null],
    ['third', null],
  ])
  expect(rig.list('.odop-path/runs')).toEqual(['first', 'third'])
})

test('odop that is killed costs the program nothing: it is told, and goes on', async () => {
  await using rig = rigWith({ 'data/a.bin': 'x' })
  const program = startProgram(
    rig,
    `${TELL}
import { existsSync } from 'node:fs'
import { fileIn, start, task } from 'odop'
const odop = await start({ name: 'lost' })
await odop.add(${ENDLESS})
tell(process.pid)
while (odop.problem === null) await new Promise(resolve => setTimeout(resolve, 20))
tell([odop.problem, await odop.add('tasks'), await odop.stop()])
process.exitCode = 5`,
  )
  await until('a task computes', () => existsSync(path.join(rig.folder, 'began')))
  await until('the program waits', () => told(program).length === 1)
  const supervisor = childOf(rig, program.pid, 'attach.cjs')
  process.kill(supervisor ?? 0, 'SIGKILL')
  const { code, stderr } = await program.finished
  expect(code).toBe(5)
  expect(stderr).toContain('the program goes on without odop')
  const problem = 'odop has ended unexpectedly'
  expect(told(program)[1]).toEqual([problem, { tasks: [], problems: [problem] }, null])
  await untilNothingIsLeft(rig, 5)
})

test.each([
  ['a wrong option', `start({ task: 'x' })`, /unknown key `task`; fix: did you mean `tasks`/],
  ['a wrong name', `start({ name: '../x' })`, /name: expected a name/],
  ['no object', `start('tasks')`, /expected an object/],
  ['a value that can not be sent', `start({ config: { retries: 1n } })`, /can't be used: .*BigInt/],
  ['a rank', `(process.env.SLURM_PROCID = '1', start())`, /rank 0 of the program/],
  ['a task', `(process.env.ODOP_RUNNER = '1.2', start())`, /a task must not start odop/],
])('start() resolves to what does nothing and says why: %s', async (_, call, problem) => {
  await using rig = rigWith({})
  const program = startProgram(
    rig,
    `${TELL}
import { start } from 'odop'
const odop = await ${call}
tell([odop.name, odop.problem, await odop.stop()])
process.exitCode = 6`,
  )
  expect((await program.finished).code).toBe(6)
  expect(told(program)).toEqual([[null, expect.stringMatching(problem), null]])
  await untilNothingIsLeft(rig, 5)
})

test('a program that must not start processes goes on without odop', async () => {
  await using rig = rigWith({
    'main.mjs': `${TELL}import { start } from 'odop'; tell((await start()).problem)`,
  })
  const permissions = ['--experimental-permission', '--allow-fs-read=*']
  const program = rig.start([process.execPath, ...permissions, 'main.mjs'])
  expect((await program.finished).code).toBe(0)
  expect(told(program)).toEqual([expect.stringMatching(/could not be started: .*restricted/)])
})

test('start() in a worker thread is refused', async () => {
  await using rig = rigWith({
    'worker.mjs': `${TELL}import { start } from 'odop'; tell((await start()).problem)`,
  })
  const program = startProgram(
    rig,
    `import { Worker } from 'node:worker_threads'; new Worker('./worker.mjs')`,
  )
  expect((await program.finished).code).toBe(0)
  expect(told(program)).toEqual([expect.stringContaining('main thread')])
})

test('with a wrong configuration odop only measures, and says so', async () => {
  await using rig = rigWith({ 'tasks/note.mjs': TASK, 'data/a.bin': 'x' })
  const program = startProgram(
    rig,
    `${TELL}
import { start, task, timer } from 'odop'
const odop = await start({ name: 'wrong', config: { drian: true, quiet: true } })
tell([odop.name, odop.problem, odop.warnings.length])
tell(await odop.add(task({ name: 'x', trigger: timer('1s') }, () => {})))
tell((await odop.stop()).tasks)`,
  )
  await program.finished
  const problem = expect.stringContaining('unknown key `drian`; fix: did you mean `drain`?')
  expect(told(program)).toEqual([['wrong', problem, 2], { tasks: [], problems: [problem] }, []])
})

test('a run folder that can not be made costs nothing but the record', async () => {
  await using rig = rigWith({ 'tasks/note.mjs': TASK, 'data/a.bin': 'x', file: '' })
  rig.write(
    'main.mjs',
    `${TELL}
import { start } from 'odop'
const odop = await start({ name: 'nowhere', config: { drain: true } })
tell([odop.name, odop.folder, odop.problem, odop.warnings.length])
tell((await odop.stop()).tasks.map(({ completed }) => completed))`,
  )
  const environment = { ODOP_PATH: path.join(rig.folder, 'file/x') }
  const program = rig.start([process.execPath, 'main.mjs'], { environment })
  const { stderr } = await program.finished
  expect(stderr).toContain("the run's folder can't be used")
  expect(told(program)).toEqual([['nowhere', null, null, 1], [1]])
})

test('monitor() measures the program with its threads and children; odop is not counted to it', async () => {
  await using rig = rigWith({ 'tasks/note.mjs': TASK, 'data/a.bin': 'x', 'burn.mjs': BURN })
  const program = startProgram(
    rig,
    `${TELL}
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { monitor } from 'odop'
await import('./burn.mjs')
const odop = await monitor({ name: 'measured', config: { quiet: true } })
const child = spawn(process.execPath, ['burn.mjs', 'stay'], { stdio: ['ignore', 'pipe', 'inherit'] })
await Promise.all([once(new Worker('./burn.mjs', { argv: ['stay'] }), 'message'), once(child.stdout, 'data')])
tell(await odop.add('tasks'))
tell(await odop.stop())
child.kill()
process.exit()`,
  )
  await program.finished
  const [added, summary] = told(program) as [
    unknown,
    { nodes: { interference: { alone: { appCpuSeconds: number } } }[] },
  ]
  expect(added).toEqual({ tasks: [], problems: ['this run only measures'] })
  expect(summary).toMatchObject({ tasks: [], exit: { code: null } })
  // A second each; the second that the program had used before odop came does not count.
  const used = summary.nodes[0]?.interference.alone.appCpuSeconds ?? 0
  expect(used).toBeGreaterThan(1.8)
  expect(used).toBeLessThan(2.9)
})

/** A second of CPU time of its process, which stays after that when it is told to. */
const BURN = `
import { parentPort } from 'node:worker_threads'
const used = () => process.cpuUsage().user + process.cpuUsage().system
const end = used() + 1e6
while (used() < end) for (let n = 0; n < 1e6; n++) Math.sqrt(n)
if (process.argv.includes('stay')) {
  if (parentPort) parentPort.postMessage('done')
  else process.stdout.write('done')
  setInterval(() => {}, 1000)
}
`

test('runtime() stops odop when its function returns and when it throws', async () => {
  await using rig = rigWith({})
  const program = startProgram(
    rig,
    `${TELL}
import { runtime } from 'odop'
const config = { quiet: true }
tell(await runtime({ name: 'returns', config }, odop => odop.name))
await runtime({ name: 'throws', config }, () => { throw new Error('mine') }).catch(error => tell(error.message))`,
  )
  await program.finished
  expect(told(program)).toEqual(['returns', 'mine'])
  for (const name of ['returns', 'throws']) expect(rig.summary(name)).toMatchObject({ run: name })
})

test('a Ctrl-C is for the program to answer: odop works on until that stops it', async () => {
  await using rig = rigWith({ 'tasks/note.mjs': TASK, 'data/a.bin': 'x' })
  rig.write(
    'main.mjs',
    `${TELL}
import { start } from 'odop'
process.on('SIGINT', () => tell('interrupted'))
const odop = await start({ name: 'terminal', config: { quiet: true, drain: true } })
tell('started')
process.on('SIGTERM', async () => tell((await odop.stop()).tasks[0].completed))
const wait = setInterval(() => {}, 1000)
process.on('SIGTERM', () => clearInterval(wait))`,
  )
  const program = rig.start(['setsid', process.execPath, 'main.mjs'])
  await until('odop is at work', () => hasEnded(rig, 'terminal'))
  process.kill(-program.pid, 'SIGINT')
  await until('the program has seen it', () => told(program).includes('interrupted'))
  expect(childOf(rig, program.pid, 'attach.cjs')).not.toBeNull()
  process.kill(program.pid, 'SIGTERM')
  expect((await program.finished).code).toBe(0)
  expect(told(program)).toEqual(['started', 'interrupted', 1])
})

/** An attempt of the run has ended. */
function hasEnded(rig: Rig, run: string): boolean {
  const journal = path.join(rig.odopPath, 'runs', run, 'events.ndjson')
  return existsSync(journal) && readFileSync(journal, 'utf8').includes('"attempt-ended"')
}

test('a Ctrl-C that ends the program ends odop with it', async () => {
  await using rig = rigWith({})
  rig.write(
    'main.mjs',
    `${TELL}import { start } from 'odop'; await start({ name: 'ended' }); tell('started'); setInterval(() => {}, 1000)`,
  )
  const program = rig.start(['setsid', process.execPath, 'main.mjs'])
  await until('odop is there', () => told(program).length === 1)
  process.kill(-program.pid, 'SIGINT')
  expect((await program.finished).signal).toBe('SIGINT')
  await untilNothingIsLeft(rig, 5)
  expect(readFileSync(path.join(rig.odopPath, 'runs/ended/summary.txt'), 'utf8')).toContain('it was killed')
})
