import { describe, expect, it } from 'vitest'
import {
  after,
  background,
  fileIn,
  fileUpdated,
  fileUpdates,
  forFileInFolder,
  periodic,
  runOnce,
  signal,
  type Task,
  task,
  timer,
} from '../../src/index.ts'
import { validateTask } from '../../src/tasks/validate.ts'

const anything = task as (options: unknown, run?: unknown) => Task
const run = () => {}

function validate(made: Task, defaultName = 'reduce') {
  return validateTask({ task: made, defaultName, module: '/tasks/reduce.ts', index: 0, settleSeconds: 2 })
}

function problems(options: unknown, body: unknown = run) {
  const result = validate(anything(options, body))
  return 'problems' in result ? result.problems : []
}

describe('a wrong parameter is a problem with what was expected, what was found, and the fix', () => {
  const cases: readonly [unknown, string, RegExp, RegExp | null][] = [
    [{ memroy: '5G' }, 'memroy', /unknown key `memroy`/, /did you mean `memory`/],
    [{ tiem: '5G' }, 'tiem', /unknown key/, /did you mean `time`/],
    [{ colour: 1 }, 'colour', /unknown key/, /known are name, trigger/],
    [{ cpus: 0 }, 'cpus', /at least 1, or 'all'.*found 0/, null],
    [{ cpus: -2 }, 'cpus', /found -2/, null],
    [{ cpus: 1.5 }, 'cpus', /whole number of cores.*found 1.5/, null],
    [{ cpus: '4' }, 'cpus', /found '4'/, /write 4 without quotes/],
    [{ cpus: null }, 'cpus', /found null/, null],
    [{ ranks: 0 }, 'ranks', /at least 1, .*found 0/, null],
    [{ nodes: '2' }, 'nodes', /found '2'/, /write 2 without quotes/],
    [{ gpus: -1 }, 'gpus', /whole number of GPUs, or 'all'.*found -1/, null],
    [{ gpus: 'one' }, 'gpus', /found 'one'/, null],
    [{ gpus: 1, nodes: 2 }, 'gpus', /`gpus` and `nodes` exclude each other/, /remove one/],
    [{ cpus: 2, nodes: 2 }, 'cpus', /`cpus` and `nodes` exclude each other/, /write cpusPerRank instead/],
    [{ cpus: 'all', cpusPerRank: 2 }, 'cpus', /`cpusPerRank` exclude each other/, null],
    [{ nodes: 2, ranks: 6, ranksPerNode: 2 }, 'ranks', /2 × 2 = 4, found 6/, /one of the three/],
    [{ nodes: 2, ranks: 3 }, 'ranks', /multiple of nodes \(2\).*found 3/, /leave nodes out/],
    [{ ranks: 5, ranksPerNode: 2 }, 'ranks', /multiple of ranksPerNode \(2\), found 5/, null],
    [{ mpi: 'pmi2' }, 'mpi', /this task asks for none/, /add nodes or ranks/],
    [{ ranks: 2, mpi: '--mpi=x' }, 'mpi', /such as 'pmi2'/, null],
    [{ memory: '5 apples' }, 'memory', /a size such as '500M' or '2G', found '5 apples'/, null],
    [{ memory: '10m5' }, 'memory', /a size such as/, null],
    [{ memory: -1 }, 'memory', /found -1/, null],
    [{ memory: 500 }, 'memory', /at least '1M', found 500/, /write '500M'/],
    [{ memory: true }, 'memory', /found true/, /'500M'/],
    [{ time: '2G' }, 'time', /a duration such as '90s', '10m' or '2h', found '2G'/, null],
    [{ time: 0 }, 'time', /over 0, found 0/, null],
    [{ time: '-5s' }, 'time', /found '-5s'/, null],
    [{ priority: 'high' }, 'priority', /expected a number, found 'high'/, null],
    [{ priority: Number.NaN }, 'priority', /found NaN/, null],
    [{ maxRuns: 0 }, 'maxRuns', /at least 1, found 0/, null],
    [{ replicas: -1 }, 'replicas', /at least 1, found -1/, null],
    [{ retries: -1 }, 'retries', /at least 0, or \{ limit, delay \}, found -1/, null],
    [{ retries: { limit: 'x' } }, 'retries.limit', /found 'x'/, null],
    [{ retries: { dealy: 1 } }, 'retries.dealy', /unknown key/, /did you mean `delay`/],
    [{ ioBound: 'yes' }, 'ioBound', /true or false, found 'yes'/, null],
    [{ env: { N: 4 } }, 'env', /a text as the value of N, found 4/, /N: '4'/],
    [{ env: ['A=1'] }, 'env', /an object such as/, null],
    [{ cwd: '' }, 'cwd', /expected a text, found ''/, null],
    [{ name: 'a/b' }, 'name', /letters, digits.*found 'a\/b'/, /name of a folder/],
    [{ name: '..' }, 'name', /found '..'/, null],
    [{ name: '' }, 'name', /found ''/, null],
    [
      { trigger: 'data/*.bin' },
      'trigger',
      /fileIn\(…\).*found 'data\/\*\.bin'/,
      /write fileIn\("data\/\*\.bin"\)/,
    ],
    [{ trigger: fileIn }, 'trigger', /found a function/, null],
    [{ trigger: fileIn('') }, 'trigger.folder', /expected a text, found ''/, null],
    [{ trigger: fileIn('d', { batchSize: 0 }) }, 'trigger.batchSize', /at least 1, found 0/, null],
    [{ trigger: fileIn('d', { filter: 3 as never }) }, 'trigger.filter', /a glob such as .* found 3/, null],
    [
      { trigger: fileIn('d', { flush: 'now' as never }) },
      'trigger.flush',
      /'end' or 'never', found 'now'/,
      null,
    ],
    [{ trigger: fileIn('d', { recursiv: true } as never) }, 'trigger.recursiv', /unknown/, /`recursive`/],
    [{ trigger: fileUpdated('d', { settle: 'x' }) }, 'trigger.settle', /a duration/, null],
    [{ trigger: fileIn('d', { on: 'n1' as never }) }, 'trigger.on', /'each-node'.*found 'n1'/, null],
    [{ trigger: fileUpdated('d', { on: true as never }) }, 'trigger.on', /'each-node'.*found true/, null],
    [{ trigger: timer('soon') }, 'trigger.every', /a duration.*found 'soon'/, null],
    [{ trigger: timer(0) }, 'trigger.every', /over 0/, null],
    [{ trigger: after('') }, 'trigger.task', /a name of at most/, null],
    [{ trigger: signal('a b') }, 'trigger.name', /a name of at most .* found 'a b'/, null],
    [{ dependsOn: 3 as never }, 'dependsOn', /the name of a task, a list.*found 3/, null],
    [{ dependsOn: [] }, 'dependsOn', /at least one name/, null],
    [{ dependsOn: ['a', 2 as never] }, 'dependsOn', /names of tasks, found 2/, null],
    [{ dependsOn: { some: ['a'] } as never }, 'dependsOn', /\{ all: \[…\] \} or \{ any: \[…\] \}/, null],
    [{ outputs: 3 as never }, 'outputs', /a file name such as .* found 3/, null],
    [{ outputs: [] }, 'outputs', /a file name such as/, null],
    [{ outputs: '{name}.png' }, 'outputs', /'\{name\}.png' names a file.*has none/, /add one/],
    [{ checkpoint: 'a/b' }, 'checkpoint', /true, or the name of a file.*found 'a\/b'/, null],
    [{ checkpoint: 1 as never }, 'checkpoint', /true, or the name/, null],
    [{ dependsOn: { all: ['a'], any: ['b'] } }, 'dependsOn', /\{ all: \[…\] \} or/, null],
  ]
  const exclusions: typeof cases = [
    [{ cpus: 'some' }, 'cpus', /'all' for every core of a node, or 'any'.*found 'some'/, null],
    [{ nodes: 'most' }, 'nodes', /'all' for every node, or 'any'.*found 'most'/, null],
    [{ cpus: 'any', nodes: 2 }, 'cpus', /`cpus` and `nodes` exclude each other/, /cpusPerRank/],
    [{ cpus: 2, ranks: 2 }, 'cpus', /`cpus` and `ranks` exclude/, /cpusPerRank/],
    [{ cpus: 2, ranksPerNode: 2 }, 'cpus', /`cpus` and `ranksPerNode` exclude/, /cpusPerRank/],
    [{ ranks: 'all', nodes: 2 }, 'ranks', /`ranks: 'all'` and `nodes` exclude/, /leave the other out/],
    [{ ranks: 'all', ranksPerNode: 2 }, 'ranks', /`ranks: 'all'` and `ranksPerNode` exclude/, /leave/],
    [{ ranks: 4, nodes: 'all' }, 'ranks', /`ranks` and `nodes: 'all'` exclude/, /write ranksPerNode/],
    [{ ranks: 4, ranksPerNode: 'all' }, 'ranks', /`ranks` and `ranksPerNode: 'all'` exclude/, /one of them/],
    [{ replicas: 3, maxRuns: 2 }, 'replicas', /at most maxRuns, which is 2, found 3/, /raise maxRuns/],
    [
      { replicas: 2, nodes: 'all' },
      'replicas',
      /`replicas` and `nodes: 'all'` exclude/,
      /leave replicas out/,
    ],
    [{ replicas: 2, ranks: 'all' }, 'replicas', /`replicas` and `ranks: 'all'` exclude/, null],
    [
      { nodes: 2, trigger: fileIn('d', { on: 'each-node' }) },
      'trigger.on',
      /`on: 'each-node'` and ranks on several nodes exclude/,
      /ranks of one node/,
    ],
    [
      { trigger: fileUpdated('d', { batchSize: 2 } as never) },
      'trigger.batchSize',
      /unknown key/,
      /known are filter/,
    ],
    [{ diskLimit: '5 apples' }, 'diskLimit', /a size such as/, null],
    [{ diskLimit: 5 }, 'diskLimit', /at least '1M', found 5/, /write '5M'/],
    [{ parameters: ['a'] }, 'parameters', /an object such as \{ level: 3/, null],
    [{ parameters: { a: { b: 1 } } }, 'parameters', /as the value of a, found an object/, null],
    [{ parameters: { a: Number.NaN } }, 'parameters', /as the value of a, found NaN/, null],
    [{ parameterFormat: '{key}={value}' }, 'parameterFormat', /there are none/, /add parameters/],
    [
      { parameters: { a: 1 }, parameterFormat: '{key} {value}' },
      'parameterFormat',
      /for programs/,
      /remove it/,
    ],
    [
      { parameters: { a: 1 }, parameterFormat: '--{name} {value}' },
      'parameterFormat',
      /\{key\} and \{value\}/,
      /no \{name\}/,
    ],
    [{ parameters: { a: 1 }, parameterFormat: '--{key}' }, 'parameterFormat', /\{key\} and \{value\}/, null],
  ]
  for (const [options, key, message, fix] of [...cases, ...exclusions]) {
    it(`${key}: ${JSON.stringify(options)}`, () => {
      const found = problems(options)
      expect(found.map(problem => problem.key)).toEqual([key])
      expect(found[0]?.message).toMatch(message)
      if (fix !== null) expect(found[0]?.fix).toMatch(fix)
    })
  }

  it('all of them at once', () => {
    const found = problems({ cpus: 0, memory: 'x', retires: 1, dependsOn: 3 })
    expect(found.map(problem => problem.key).sort()).toEqual(['cpus', 'dependsOn', 'memory', 'retires'])
  })

  it('options that are none', () => {
    expect(problems('reduce')).toMatchObject([
      { key: null, message: "expected an object with parameters, found 'reduce'" },
    ])
    expect(problems(undefined)[0]?.message).toMatch(/found nothing/)
  })
})

describe('the parameters of ranks', () => {
  const cases = [
    [{ nodes: 2 }, { nodes: 2, ranks: 2 }, 1],
    [{ nodes: 2, ranksPerNode: 3, cpusPerRank: 4 }, { nodes: 2, ranks: 6, cpusPerRank: 4 }, 12],
    [{ nodes: 2, ranks: 8 }, { nodes: 2, ranks: 8 }, 4],
    [{ ranks: 8, ranksPerNode: 2 }, { nodes: 4, ranks: 8 }, 2],
    [{ nodes: 2, ranks: 6, ranksPerNode: 3 }, { nodes: 2, ranks: 6 }, 3],
    [{ ranksPerNode: 3 }, { nodes: 1, ranks: 3 }, 3],
    [{ ranks: 8, cpusPerRank: 2, mpi: 'pmi2' }, { nodes: null, ranks: 8, cpusPerRank: 2, launch: 'pmi2' }, 2],
    [{ cpusPerRank: 4 }, { nodes: 1, ranks: 1, cpusPerRank: 4 }, 4],
    [{ nodes: 'all' }, { nodes: 'all', ranks: 0 }, 1],
    [{ nodes: 'any', ranksPerNode: 3, cpusPerRank: 2 }, { nodes: 'any', ranks: 0, cpusPerRank: 2 }, 6],
    [{ nodes: 2, ranksPerNode: 'all' }, { nodes: 2, ranks: 0 }, 'all'],
    [{ ranksPerNode: 'all' }, { nodes: 1, ranks: 0 }, 'all'],
    [{ ranks: 'all', cpusPerRank: 2 }, { nodes: 'all', ranks: 0, cpusPerRank: 2 }, 'all'],
    [{ nodes: 2, ranks: 'any', ranksPerNode: 'any', cpusPerRank: 'any' }, { nodes: 2, ranks: 2 }, 1],
  ] as const
  for (const [options, mpi, cpus] of cases) {
    it(JSON.stringify(options), () => {
      const definition = { mpi: { cpusPerRank: 1, launch: null, ...mpi }, cpus }
      expect(validate(anything(options, run))).toMatchObject({ definition })
    })
  }
  it('none', () => expect(validate(task({}, run))).toMatchObject({ definition: { mpi: null, cpus: 1 } }))
})

describe('what a task does', () => {
  it('is a function or a command', () => {
    expect(problems({}, null)[0]?.message).toMatch(
      /a function as the second argument, or a `command`, found neither/,
    )
    expect(problems({ command: () => ['true'] })[0]?.message).toMatch(/found both/)
    expect(problems({ command: ['true'] }, null)[0]).toMatchObject({
      key: 'command',
      fix: 'write command: () => […]',
    })
  })

  it('needs a trigger when it wants files', () => {
    for (const body of [
      ({ files }: { files: unknown }) => files,
      async ({ log, file: first }: { log: unknown; file: unknown }) => [log, first],
      function named({ file = 1 }) {
        return file
      },
    ]) {
      expect(problems({}, body)).toMatchObject([{ key: 'trigger', fix: "add one: trigger: fileIn('data')" }])
      expect(problems({ trigger: fileIn('d') }, body)).toEqual([])
    }
    expect(problems({}, ({ log }: { log: unknown }) => ({ files: log }))).toEqual([])
    expect(problems({}, () => ({ file: 1 }))).toEqual([])
  })

  it('needs a name where that of the export is not usable', () => {
    const result = validate(task({}, run), 'my task')
    expect(result).toMatchObject({
      problems: [{ key: 'name', message: expect.stringContaining("'my task'") }],
    })
    expect(validate(task({ name: 'mine' }, run), 'my task')).toMatchObject({ definition: { name: 'mine' } })
  })
})

it('left out and undefined are the same', () => {
  const result = validate(
    anything(
      { name: undefined, memory: undefined, trigger: undefined, ranks: undefined, dependsOn: undefined },
      run,
    ),
  )
  expect(result).toMatchObject({
    definition: { name: 'reduce', memoryBytes: null, trigger: { kind: 'background' } },
  })
})

it('task() never throws', () => {
  for (const value of [undefined, null, 1, 'x', [], () => {}])
    expect(() => anything(value, value)).not.toThrow()
})

describe('the short forms make the same tasks', () => {
  const cases: readonly [string, Task, Task][] = [
    [
      'forFileInFolder',
      forFileInFolder('data', { filter: '*.h5', batchSize: 2, flush: 'never', name: 'a', cpus: 2 }, run),
      task(
        { trigger: fileIn('data', { filter: '*.h5', batchSize: 2, flush: 'never' }), name: 'a', cpus: 2 },
        run,
      ),
    ],
    [
      'fileUpdates',
      fileUpdates('state.h5', { settle: '5s', memory: '1G' }, run),
      task({ trigger: fileUpdated('state.h5', { settle: '5s' }), memory: '1G' }, run),
    ],
    ['periodic', periodic('10m', { priority: 1 }, run), task({ trigger: timer('10m'), priority: 1 }, run)],
    ['runOnce', runOnce({ cpus: 'all' }, run), task({ maxRuns: 1, cpus: 'all' }, run)],
    ['background', background({ replicas: 2 }, run), task({ replicas: 2 }, run)],
  ]
  it.each(cases)('%s', (_, short, long) => {
    expect(validate(short)).toMatchObject({ definition: {} })
    expect(validate(short)).toEqual(validate(long))
  })

  it('and refuse the same', () => {
    const wrongly = forFileInFolder as (...given: unknown[]) => Task
    expect(validate(wrongly('data', { batchSize: 0, cpsu: 1 }, run))).toMatchObject({
      problems: [{ key: 'trigger.batchSize' }, { key: 'cpsu', fix: 'did you mean `cpus`?' }],
    })
    for (const options of [undefined, null, 3, () => {}])
      expect(() => validate(wrongly('data', options, run))).not.toThrow()
  })
})
