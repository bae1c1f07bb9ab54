import { chmodSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createRig, type Rig } from './rig.ts'

const GOOD = `
import { appendFileSync } from 'node:fs'
import { fileIn, task } from 'odop'
export default task({ name: 'good', trigger: fileIn('data') }, ({ file }) => appendFileSync('done', file + '\\n'))
`

/** A folder with one good task and one input; whatever else is in it, the good task must do its work. */
function rigWithGoodTask(): Rig {
  const rig = createRig()
  rig.write('tasks/good.mjs', GOOD)
  rig.write('data/a.bin', 'x')
  return rig
}

async function runBeside(rig: Rig) {
  const result = await rig.odop(['run', '--name', 'bad', '--drain', '--', 'sh', '-c', 'exit 5'])
  expect(result.code).toBe(5)
  expect(rig.read('done')).toBe(`${path.join(rig.folder, 'data/a.bin')}\n`)
  return result
}

test.each([
  ['a syntax error', 'export default task({', /bad\.mjs/],
  ['throws at load', 'throw new Error("no such field")', /no such field/],
  ['calls process.exit() at load', 'process.exit(0)', /process\.exit|ended|exited/],
  ['has no task in it', 'export const x = 1', /no task/],
  ['has the name of another', GOOD, /good/],
  [
    'an unknown parameter',
    `import { task } from 'odop'\nexport default task({ name: 'b', memroy: '1G' }, () => {})`,
    /memory/,
  ],
  [
    'a wrong parameter',
    `import { task } from 'odop'\nexport default task({ name: 'b', memory: 'lots' }, () => {})`,
    /lots/,
  ],
])('a module that %s is reported, the others work, the application runs', async (_, source, message) => {
  await using rig = rigWithGoodTask()
  rig.write('tasks/z-bad.mjs', source)
  const { stderr } = await runBeside(rig)
  expect(stderr).toMatch(message)
  expect(stderr).toContain('z-bad.mjs')
})

test('a module that loops for ever at load is reported, the others work', async () => {
  await using rig = rigWithGoodTask()
  rig.write('tasks/z-loop.mjs', 'for (;;);')
  const { stderr } = await runBeside(rig)
  expect(stderr).toContain('z-loop.mjs')
})

test('a task file that others can write is refused with the reason', async () => {
  await using rig = rigWithGoodTask()
  rig.write('tasks/z-open.mjs', GOOD.replace("'good'", "'open'"))
  chmodSync(path.join(rig.folder, 'tasks/z-open.mjs'), 0o666)
  const { stderr } = await runBeside(rig)
  expect(stderr).toMatch(/z-open\.mjs.*others can write/s)
})

test('a dangling symlink in the task folder is reported, the others work', async () => {
  await using rig = rigWithGoodTask()
  symlinkSync('nowhere.mjs', path.join(rig.folder, 'tasks/z-gone.mjs'))
  const { stderr } = await runBeside(rig)
  expect(stderr).toContain('z-gone.mjs')
})

test('an invalid configuration is reported by key, and the application runs without tasks', async () => {
  await using rig = rigWithGoodTask()
  rig.write('.odoprc.json', '{ "retries": "many" }')
  const { code, stderr } = await rig.odop(['run', '--drain', '--', 'sh', '-c', 'exit 5'])
  expect(code).toBe(5)
  expect(stderr).toMatch(/\.odoprc\.json.*retries/s)
  expect(rig.list('.')).not.toContain('done')
})

test('a task that can never run here is said at the start and in the summary', async () => {
  await using rig = rigWithGoodTask()
  rig.write('tasks/z-big.mjs', GOOD.replace("name: 'good'", "name: 'big', cpus: 10000"))
  const { stderr } = await runBeside(rig)
  expect(stderr.match(/10000/g)?.length).toBeGreaterThanOrEqual(2)
  expect(JSON.stringify(rig.summary('bad')['notes'])).toContain('10000')
})

test('an ODOP_PATH that can not be written costs one warning; the application and the tasks run', async () => {
  await using rig = rigWithGoodTask()
  rig.write('file', '')
  const { code, stderr } = await rig.odop(['run', '--drain', '--', 'sh', '-c', 'exit 5'], {
    environment: { ODOP_PATH: path.join(rig.folder, 'file') },
  })
  expect(code).toBe(5)
  expect(stderr).toContain(path.join(rig.folder, 'file'))
  expect(rig.read('done')).toBe(`${path.join(rig.folder, 'data/a.bin')}\n`)
})

test.each([
  ['throws', 'throw new Error("broken input")', /broken input/],
  ['rejects', 'return Promise.reject(new Error("broken input"))', /broken input/],
  ['exits', 'process.exit(3)', /3/],
  ['crashes', 'process.kill(process.pid, "SIGSEGV")', /SIGSEGV/],
])(
  'a task function that %s: failed, with the reason and the log, retried as configured',
  async (_, body, reason) => {
    await using rig = createRig()
    rig.write('data/a.bin', 'x')
    rig.write(
      'tasks/bad.mjs',
      `
import { fileIn, task } from 'odop'
export default task({ name: 'bad', trigger: fileIn('data'), retries: { limit: 1, delay: '100ms' } }, () => { ${body} })
`,
    )
    const { code, stderr } = await rig.odop(['run', '--name', 'fails', '--drain', '--', 'true'])
    expect(code).toBe(0)
    const ends = rig.events('fails').filter(event => event.type === 'attempt-ended')
    expect(ends.map(({ outcome }) => outcome)).toEqual(['failed', 'failed'])
    expect(ends[0]?.reason).toMatch(reason)
    expect(stderr).toContain('logs/bad/')
    expect(rig.processes()).toEqual([])
  },
)

test('a task that ignores SIGTERM and leaves children behind is ended with all of them at its time limit', async () => {
  await using rig = createRig()
  rig.write('data/a.bin', 'x')
  rig.write('.odoprc.json', '{ "grace": "300ms" }')
  rig.write(
    'tasks/stuck.mjs',
    `
import { spawn } from 'node:child_process'
import { fileIn, task } from 'odop'
export default task({ name: 'stuck', trigger: fileIn('data'), time: '500ms', retries: 0 }, () => {
  spawn('sh', ['-c', 'trap "" TERM; while :; do sleep 1; done'], { detached: true, stdio: 'ignore' }).unref()
  for (;;);
})
`,
  )
  const { code } = await rig.odop(['run', '--name', 'stuck', '--drain', '--', 'true'])
  expect(code).toBe(0)
  const ends = rig.events('stuck').filter(event => event.type === 'attempt-ended')
  expect(ends.map(({ outcome }) => outcome)).toEqual(['timeout'])
  expect(rig.processes()).toEqual([])
})

test('an item whose file has vanished is not tried again', async () => {
  await using rig = createRig()
  rig.write('data/a.bin', 'x')
  rig.write(
    'tasks/read.mjs',
    `
import { readFileSync, rmSync } from 'node:fs'
import { fileIn, task } from 'odop'
export default task({ name: 'read', trigger: fileIn('data') }, ({ file }) => {
  rmSync(file)
  readFileSync(file)
})
`,
  )
  const { code } = await rig.odop(['run', '--name', 'gone', '--drain', '--', 'true'])
  expect(code).toBe(0)
  const ends = rig.events('gone').filter(event => event.type === 'attempt-ended')
  expect(ends).toMatchObject([
    { outcome: 'failed', retryAt: null, reason: expect.stringContaining('its input is gone') },
  ])
})
