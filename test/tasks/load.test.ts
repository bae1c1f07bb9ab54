import { chmodSync, existsSync, readFileSync, rmSync, symlinkSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { LoadedTasks } from '../../src/tasks/loaded.ts'
import { GOOD, load, loadFiles, makeFolder, temporaryFolder } from './task-folder.ts'

const names = (loaded: { tasks: readonly { name: string }[] }) => loaded.tasks.map(task => task.name)

describe('a task folder', () => {
  it('gives the tasks of every kind of module, by name of the file, in a folder without node_modules', async () => {
    const loaded = await loadFiles({
      'a.ts': `import { fileIn, task } from 'odop'\nconst n: number = 1\nexport default task({ trigger: fileIn('d') }, () => n)`,
      'b.mts': `import { task } from 'odop'\nimport { h } from './lib/helper.ts'\nawait 1\nexport default task({}, () => h)`,
      'c.cts': `import { task } from 'odop'\nexport = task({}, () => 1 as number)`,
      'd.js': `import { task } from 'odop'\nawait 1\nexport default task({}, () => 1)`,
      'e.mjs': GOOD,
      'f.cjs': `const { task } = require('odop')\nmodule.exports = task({}, () => 1)`,
      'g.js': `const { task } = require('odop')\nexports.second = task({}, () => 1)\nexports.first = task({}, () => 1)`,
      'h.mjs': `import { task } from 'odop'\nimport { h } from './lib/helper.ts'\nexport default task({}, () => h)`,
      'lib/helper.ts': `import { timer } from 'odop'\nexport const h: unknown = timer('1s')`,
      'README.md': '# no task',
      'data.json': '{}',
      'types.d.ts': 'nonsense!',
      '.hidden.ts': 'nonsense!',
      'node_modules/x.js': 'nonsense!',
    })
    expect(loaded.problems).toEqual([])
    expect(names(loaded)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'second', 'first', 'h'])
  })

  it('makes odop this installation also where another one lies in node_modules', async () => {
    const cwd = temporaryFolder({
      'tasks/a.mjs': GOOD,
      'tasks/b.cjs': `module.exports = require('odop').task({}, () => 1)`,
      'node_modules/odop/package.json': '{ "name": "odop", "main": "index.js" }',
      'node_modules/odop/index.js': `throw new Error('the wrong one')`,
    })
    expect(await load(cwd)).toMatchObject({ problems: [], tasks: [{ name: 'a' }, { name: 'b' }] })
  })

  it('counts tasks in arrays: the default export first, then by name, each once', async () => {
    const loaded = await loadFiles({
      'many.mjs': `import { task } from 'odop'
        const make = name => task({ name }, () => {})
        export const z = task({}, () => {})
        export const a = [make('x'), [make('y')], task({}, () => {})]
        export const same = z
        export default [1, 2].map(n => task({ priority: n }, () => {}))
        export const notATask = { z: 1 }`,
    })
    expect(loaded.problems).toEqual([])
    expect(loaded.tasks.map(({ name, index }) => [name, index])).toEqual([
      ['many-1', 0],
      ['many-2', 1],
      ['x', 2],
      ['y', 3],
      ['a-3', 4],
      ['same', 5],
    ])
  })

  it('gives definitions as data, with defaults', async () => {
    const { tasks, problems } = await loadFiles(
      {
        'a.mjs': `import { fileIn, task } from 'odop'
          export const plain = task({}, () => {})
          export const full = task({
            name: 'all', trigger: fileIn('data', { filter: /x+/gi, batchSize: 4, recursive: true, flush: 'never', settle: '5s' }),
            priority: -1, cpus: 'all', memory: '1.5G', time: '2m', maxRuns: 3, replicas: 2, retries: { limit: 1, delay: '10s' },
            ioBound: true, networkBound: true, env: { A: 'b' }, cwd: 'work',
            command: ({ files }) => ['true', ...files],
          })`,
      },
      { settleSeconds: 7 },
    )
    expect(problems).toEqual([])
    expect(tasks.find(task => task.name === 'plain')).toEqual({
      name: 'plain',
      module: expect.stringMatching(/tasks\/a\.mjs$/),
      index: 1,
      kind: 'function',
      trigger: { kind: 'background' },
      priority: 0,
      cpus: 1,
      mpi: null,
      dependsOn: null,
      memoryBytes: null,
      timeSeconds: null,
      maxRuns: null,
      replicas: null,
      retries: null,
      retryDelaySeconds: null,
      ioBound: false,
      networkBound: false,
      outputs: null,
      checkpoint: null,
      env: {},
      cwd: null,
    })
    expect(tasks.find(task => task.name === 'all')).toMatchObject({
      index: 0,
      kind: 'command',
      trigger: {
        kind: 'file-in',
        folder: 'data',
        filter: { kind: 'regexp', source: 'x+', flags: 'i' },
        recursive: true,
        batchSize: 4,
        flush: 'never',
        settleSeconds: 5,
      },
      priority: -1,
      cpus: 'all',
      memoryBytes: 1.5 * 1024 ** 3,
      timeSeconds: 120,
      maxRuns: 3,
      replicas: 2,
      retries: 1,
      retryDelaySeconds: 10,
      ioBound: true,
      networkBound: true,
      env: { A: 'b' },
      cwd: 'work',
    })
  })

  it('may be missing when it is the default only, and may be a single module', async () => {
    const cwd = temporaryFolder({ 'tasks.mjs': GOOD })
    expect(await load(cwd, { mayBeMissing: true })).toEqual({ tasks: [], problems: [], ignored: [] })
    const file = path.join(cwd, 'tasks')
    expect(await load(cwd)).toMatchObject({
      problems: [{ file, message: 'there is no such file or folder' }],
    })
    expect(names(await load(cwd, { folders: ['tasks.mjs'] }))).toEqual(['tasks'])
    expect((await load(cwd, { folders: [''] })).tasks).toHaveLength(1)
  })

  it('is followed through links, of which the target is judged', async () => {
    const cwd = temporaryFolder({ 'lib/real.mjs': GOOD, 'tasks/.keep': '' })
    symlinkSync('../lib/real.mjs', path.join(cwd, 'tasks', 'linked.mjs'))
    expect(await load(cwd)).toMatchObject({ problems: [], tasks: [{ name: 'linked' }] })
    chmodSync(path.join(cwd, 'lib', 'real.mjs'), 0o666)
    expect(await load(cwd)).toMatchObject({ tasks: [], problems: [{ message: /others can write it/ }] })
    unlinkSync(path.join(cwd, 'lib', 'real.mjs'))
    expect(await load(cwd)).toMatchObject({
      tasks: [],
      problems: [{ file: path.join(cwd, 'tasks', 'linked.mjs'), message: 'the link leads nowhere' }],
    })
  })
})

it('a link in a circle is reported, and the others load', async () => {
  const cwd = temporaryFolder({ 'tasks/a.mjs': GOOD })
  symlinkSync('b.mjs', path.join(cwd, 'tasks', 'b.mjs'))
  expect(await load(cwd)).toMatchObject({
    tasks: [{ name: 'a' }],
    problems: [{ message: expect.stringContaining('ELOOP') }],
  })
})

describe('a module that can not be used is reported, and the others load', () => {
  const cases: Record<string, { name?: string; code: string; line: number | null; message: RegExp }> = {
    'a syntax error, ES module': {
      code: `import 'odop'\n\nexport default task({,\n`,
      line: 3,
      message: /^syntax error: /,
    },
    'a syntax error, CommonJS': {
      name: 'bad.cjs',
      code: `\n\nmodule.exports = task({,\n`,
      line: 3,
      message: /^syntax error: Unexpected token/,
    },
    'a syntax error, TypeScript': {
      name: 'bad.ts',
      code: `import 'odop'\n\nexport default task({,\n`,
      line: 3,
      message: /^syntax error: Expected identifier/,
    },
    'an import that odop does not have': {
      code: `import { tusk } from 'odop'\n`,
      line: 1,
      message: /^syntax error: .*tusk/,
    },
    'a missing package': { code: `import 'no-such-package'\n`, line: null, message: /Cannot find package/ },
    'a throw': {
      code: `\nconst f = () => { throw new TypeError('no') }\nf()\n`,
      line: 2,
      message: /TypeError: no$/,
    },
    'a throw, TypeScript': {
      name: 'bad.ts',
      code: `interface A {\n  a: 1\n}\n\nthrow new Error('five')\n`,
      line: 5,
      message: /Error: five$/,
    },
    'a throw of something else': { code: `throw 'text'`, line: null, message: /^threw 'text'/ },
    'process.exit': {
      code: `\n\nprocess.exit(3)\n`,
      line: 3,
      message: /^called process\.exit\(3\) while it was loaded$/,
    },
    'an await that never ends': {
      code: `await new Promise(() => {})`,
      line: null,
      message: /never happens$/,
    },
    'a crash': { code: `process.kill(process.pid, 'SIGSEGV')`, line: null, message: /killed by SIGSEGV/ },
    'an abort with last words': {
      code: `console.error('alas'); process.abort()`,
      line: null,
      message: /SIGABRT/,
    },
    'no task in it': {
      code: `export const a = 1\n`,
      line: null,
      message: /^there is no task in it: its exports \(a\)/,
    },
    'an uncaught error after an await': {
      code: `queueMicrotask(() => { throw new Error('late') })\nawait new Promise(r => setTimeout(r, 200))\nexport {}`,
      line: 1,
      message: /Error: late$/,
    },
  }
  const entries = Object.entries(cases)
  const fileOf = (index: number) => `bad-${index}-${entries[index]?.[1].name ?? 'bad.mjs'}`
  let loaded: LoadedTasks

  beforeAll(async () => {
    const bad = entries.map(([, { code }], index) => [`tasks/${fileOf(index)}`, code])
    const folder = makeFolder({ 'tasks/a.mjs': GOOD, ...Object.fromEntries(bad), 'tasks/z.mjs': GOOD })
    loaded = await load(folder)
    rmSync(folder, { recursive: true })
  })

  it('all in one folder', () => {
    expect(names(loaded)).toEqual(['a', 'z'])
  })

  for (const [index, [what, { line, message }]] of entries.entries()) {
    it(what, () => {
      const problem = loaded.problems.find(({ file }) => file.endsWith(`/tasks/${fileOf(index)}`))
      expect(problem).toMatchObject({ line, field: null })
      expect(problem?.message).toMatch(message)
    })
  }

  it('one that loops for ever, within the time limit, which is named', async () => {
    const { tasks, problems } = await loadFiles(
      { 'a.mjs': GOOD, 'bad.mjs': 'for (;;) {}', 'z.ts': GOOD },
      { timeLimitSeconds: 3 },
    )
    expect(tasks.map(task => task.name)).toEqual(['a', 'z'])
    expect(problems).toMatchObject([{ message: 'did not finish loading within 3 s' }])
  })

  it('one that ends the process later, while another is loaded', async () => {
    const { tasks, problems } = await loadFiles({
      'a.mjs': `${GOOD}\nsetTimeout(() => process.exit(1), 100)`,
      'b.mjs': `await new Promise(resolve => setTimeout(resolve, 1000))\n${GOOD}`,
    })
    expect(tasks.map(task => task.name)).toEqual(['a', 'b'])
    const file = expect.stringMatching(/a\.mjs$/)
    expect(problems).toMatchObject([{ file, message: 'called process.exit(1) while it was loaded' }])
  })

  it('one that waits for ever with a timer, within the time limit', async () => {
    const code = `setInterval(() => {}, 1000)\nawait new Promise(() => {})`
    const { problems } = await loadFiles({ 'bad.mjs': code }, { timeLimitSeconds: 2 })
    expect(problems).toMatchObject([{ message: 'did not finish loading within 2 s' }])
  })

  it('its processes are ended with it, also those that left its group', async () => {
    for (const ending of ['', 'process.exit(1)', `process.kill(process.pid, 'SIGSEGV')`, 'for (;;) {}']) {
      const cwd = temporaryFolder({
        'tasks/a.mjs': `import { spawn } from 'node:child_process'
          import { writeFileSync } from 'node:fs'
          import { task } from 'odop'
          const pids = [true, false].map(detached => spawn('sleep', ['1000'], { detached, stdio: 'inherit' }).pid)
          writeFileSync('pids', pids.join(' '))
          ${ending}
          export default task({}, () => {})`,
      })
      await load(cwd, { timeLimitSeconds: 3 })
      const pids = readFileSync(path.join(cwd, 'pids'), 'utf8').split(' ')
      expect(pids).toHaveLength(2)
      for (const pid of pids) await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false)
    }
  })

  it('a duplicate name, with both places; the first stays', async () => {
    const cwd = temporaryFolder({
      'tasks/a.mjs': `import { task } from 'odop'\n\nexport const one = task({ name: 'same' }, () => {})`,
      'tasks/b.mjs': `import { task } from 'odop'\nexport default task({ name: 'same' }, () => {})`,
    })
    const { tasks, problems } = await load(cwd)
    expect(tasks).toMatchObject([{ name: 'same', module: path.join(cwd, 'tasks/a.mjs') }])
    const message = `the name 'same' is taken by the task in ${path.join(cwd, 'tasks/a.mjs')}, line 3`
    expect(problems).toMatchObject([{ file: path.join(cwd, 'tasks/b.mjs'), line: 2, field: 'name', message }])
  })

  it('wrong parameters, with line, field and fix; the right tasks of the module stay', async () => {
    const { tasks, problems } = await loadFiles({
      'a.ts': `import { fileIn, task } from 'odop'

export const good = task({}, () => {})
export const bad = task(
  {
    trigger: fileIn('data', { batchSize: 0 }),
    memroy: '5G',
  } as never,
  () => {},
)`,
    })
    expect(tasks).toMatchObject([{ name: 'good', index: 1 }])
    expect(problems.map(({ line, field, fix }) => ({ line, field, fix }))).toEqual([
      { line: 6, field: 'trigger.batchSize', fix: null },
      { line: 7, field: 'memroy', fix: 'did you mean `memory`?' },
    ])
  })

  it.skipIf(process.getuid?.() === 0)(
    'one that can not be read (not as root, who can read everything)',
    async () => {
      const cwd = temporaryFolder({ 'tasks/a.mjs': GOOD, 'tasks/b.mjs': GOOD })
      chmodSync(path.join(cwd, 'tasks/b.mjs'), 0)
      expect(await load(cwd)).toMatchObject({
        tasks: [{ name: 'a' }],
        problems: [{ message: /permission denied/ }],
      })
    },
  )

  it('one that prints a lot, or writes where the loader reports', async () => {
    const code = `import { writeSync } from 'node:fs'
      for (let i = 0; i < 1000; i++) console.log('x'.repeat(1000))
      try { writeSync(3, 'junk\\n') } catch {}
      ${GOOD}`
    expect(await loadFiles({ 'a.mjs': code })).toMatchObject({ problems: [], tasks: [{ name: 'a' }] })
  })
})

function isAlive(pid: string): boolean {
  return existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
}
