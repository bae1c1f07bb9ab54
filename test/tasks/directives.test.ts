import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OPTIONS } from '../../src/tasks/directives/options.ts'
import { taskIn } from '../../src/tasks/loader/script-task.ts'
import { taskSchema } from '../../src/tasks/parameters.ts'

const FILE = '/work/tasks/reduce.py'
const SHEBANG = '#!/usr/bin/env python3\n'

function read(text: string | Buffer) {
  return taskIn(Buffer.from(text), FILE, 2)
}

/** The definition that a script with these lines gets. */
function definitionOf(...lines: readonly string[]) {
  const { tasks, problems } = read(SHEBANG + lines.join('\n'))
  expect(problems).toEqual([])
  return tasks[0]?.definition
}

const fileIn = { kind: 'file-in', folder: 'data', filter: null, batchSize: 1, flush: 'end', settleSeconds: 2 }

it('is a task named as its file', () => {
  expect(definitionOf('#ODOP --trigger file-in:data')).toMatchObject({
    name: 'reduce',
    module: FILE,
    index: 0,
    kind: 'script',
    trigger: fileIn,
    cpus: 1,
  })
})

it('has an option for every parameter of task(), and no other', () => {
  const keys = Object.keys(taskSchema(2).shape).filter(key => key !== 'command')
  expect([...new Set(OPTIONS.map(({ key }) => key.split('.')[0]))].sort()).toEqual(keys.sort())
})

describe('every option', () => {
  const cases: readonly [string, Record<string, unknown>][] = [
    ['--name sum', { name: 'sum' }],
    ['--trigger file-in:data --filter *.h5', { trigger: { filter: { kind: 'glob', pattern: '*.h5' } } }],
    [
      String.raw`--trigger file-in:data --filter '/^a b\.\d+$/i'`,
      { trigger: { filter: { kind: 'regexp', source: String.raw`^a b\.\d+$`, flags: 'i' } } },
    ],
    [
      '--trigger file-in:data --batch-size 4 --recursive --flush never --settle 5s --on each-node',
      { trigger: { batchSize: 4, recursive: true, flush: 'never', settleSeconds: 5, on: 'each-node' } },
    ],
    ['--trigger file-in:/a:b', { trigger: { folder: '/a:b' } }],
    [
      '--trigger file-updated:state.h5 --settle 0',
      { trigger: { kind: 'file-updated', path: 'state.h5', settleSeconds: 0 } },
    ],
    ['--trigger after:reduce', { trigger: { kind: 'after', task: 'reduce' } }],
    ['--trigger signal:step', { trigger: { kind: 'signal', name: 'step' } }],
    ['--depends-on reduce', { dependsOn: { of: 'all', tasks: ['reduce'] } }],
    ['--depends-on reduce,plot', { dependsOn: { of: 'all', tasks: ['reduce', 'plot'] } }],
    ["--depends-on 'reduce | plot'", { dependsOn: { of: 'any', tasks: ['reduce', 'plot'] } }],
    [
      '--trigger file-in:data --outputs {file}.gz --checkpoint',
      { outputs: { kind: 'patterns', patterns: ['{file}.gz'] }, checkpoint: { file: null } },
    ],
    ['--trigger timer:1h30m', { trigger: { kind: 'timer', everySeconds: 5400 } }],
    ['--trigger background --replicas 2', { trigger: { kind: 'background' }, replicas: 2 }],
    ['--priority -1.5', { priority: -1.5 }],
    [
      '--cpus 2 --memory 1G --disk-limit 10G --time 10m',
      { cpus: 2, memoryBytes: 2 ** 30, diskLimitBytes: 10 * 2 ** 30, timeSeconds: 600 },
    ],
    ['--cpus all', { cpus: 'all' }],
    ['--cpus any', { cpus: 'any' }],
    [
      '--nodes 2 --ranks-per-node 3 --cpus-per-rank 2 --mpi pmi2',
      { cpus: 6, mpi: { nodes: 2, ranks: 6, cpusPerRank: 2, launch: 'pmi2' } },
    ],
    ['--ranks 8', { mpi: { nodes: null, ranks: 8 } }],
    ['--nodes all', { mpi: { nodes: 'all', ranks: 0 } }],
    ['--max-runs 3', { maxRuns: 3 }],
    ['--retries 0', { retries: 0 }],
    ['--retries 2 --retry-delay 5s', { retries: 2, retryDelaySeconds: 5 }],
    ['--io-bound --network-bound', { ioBound: true, networkBound: true }],
    ['--env A=b --env C==', { env: { A: 'b', C: '=' } }],
    ['--cwd sub/folder', { cwd: 'sub/folder' }],
    [
      "--parameter level=3 --parameter 'field=a b' --parameter-format '--{key} {value}'",
      { parameters: { level: '3', field: 'a b' }, parameterFormat: '--{key} {value}' },
    ],
  ]
  it.each(cases)('%s', (line, definition) => {
    expect(definitionOf(`#ODOP ${line}`)).toMatchObject(definition)
  })

  it('is in one of these cases', () => {
    const written = cases.map(([line]) => line).join(' ')
    for (const { name } of OPTIONS) expect(`${written} `).toContain(`--${name} `)
  })
})

describe('how directives are written', () => {
  const cpus = { cpus: 3 }
  const cases: readonly [string, string, Record<string, unknown>][] = [
    ['#ODOP', '#ODOP --cpus 3', cpus],
    ['# ODOP', '# ODOP --cpus 3', cpus],
    ['//ODOP', '//ODOP --cpus 3', cpus],
    ['// ODOP', '  // ODOP --cpus 3', cpus],
    ['-- ODOP', '-- ODOP --cpus 3', cpus],
    ['--ODOP', '--ODOP --cpus 3', cpus],
    ['% ODOP', '% ODOP --cpus 3', cpus],
    ['with = ', '#ODOP --cpus=3', cpus],
    ['with a tab', '#ODOP\t--cpus\t3', cpus],
    ['with a line feed of Windows', '#ODOP --cpus 3\r', cpus],
    ['with a comment', '#ODOP --cpus 3 # as many as it has threads', cpus],
    [
      'on several lines',
      '#ODOP --cpus 3\n\n# a remark\n#SBATCH --cpus 9\n#ODOP --time 1m',
      { ...cpus, timeSeconds: 60 },
    ],
    ['the last one empty', '#ODOP --cpus 3\n#ODOP', cpus],
    ['one switched off', '#ODOP --cpus 3\n##ODOP --cpus 4', cpus],
    ['a remark', '#ODOP --cpus 3\n# ODOP runs this script\n# ODOP', cpus],
    ['not in code', '#ODOP --cpus 3\nprint("#ODOP --cpus 4")', cpus],
    ['in a block comment above', '/*\n * Licence\n */\n//ODOP --cpus 3', cpus],
    ['quotes', `#ODOP --cwd 'a b' --name "x"`, { cwd: 'a b', name: 'x' }],
    ['quotes in quotes', String.raw`#ODOP --cwd 'a"b'"c'd\"e"\ f`, { cwd: `a"bc'd"e f` }],
    ['an empty value', `#ODOP --cpus 3 --parameter a= --parameter b=''`, { parameters: { a: '', b: '' } }],
    ['a $ in single quotes', `#ODOP --cwd '$HOME/~'`, { cwd: '$HOME/~' }],
    ['other letters', '#ODOP --trigger file-in:Meßwerte/日本', { trigger: { folder: 'Meßwerte/日本' } }],
  ]
  it.each(cases)('%s', (_, lines, definition) => {
    expect(definitionOf(lines)).toMatchObject(definition)
  })

  it('bytes that are not UTF-8 do not matter in remarks', () => {
    const bytes = Buffer.concat([
      Buffer.from(`${SHEBANG}# `),
      Buffer.from([0xe9, 0xff]),
      Buffer.from('\n#ODOP --cpus 3\n'),
    ])
    expect(read(bytes)).toMatchObject({ problems: [], tasks: [{ line: 3, definition: cpus }] })
  })
})

describe('a wrong directive is a problem with line, column, option, what was expected, and the fix', () => {
  const cases: readonly [string, number | undefined, string | null, RegExp, RegExp | null][] = [
    ['#ODOP --filtre *.h5', 7, null, /unknown option --filtre/, /did you mean --filter\?/],
    ['#ODOP --batchSize 4', 7, null, /unknown option --batchSize/, /did you mean --batch-size\?/],
    ['#ODOP --colour=red', 7, null, /unknown option --colour/, /known are --name, --trigger/],
    ['#ODOP -cpus 4', 7, null, /such as --trigger, found '-cpus'/, /did you mean --cpus/],
    ['#ODOP cpus', 7, null, /found 'cpus'/, /did you mean --cpus/],
    ['#ODOP --cpus 2 4', 16, null, /found '4'/, /quote/],
    ['#ODOP --cpus', 7, '--cpus', /expected N\|all\|any after it, found nothing/, null],
    ['#ODOP --cpus --memory 1G', 7, '--cpus', /found '--memory'/, null],
    ['#ODOP --cpus two', 7, '--cpus', /whole number of cores.*found 'two'/, null],
    ['#ODOP --cpus 0', 7, '--cpus', /at least 1.*found 0/, null],
    ['#ODOP --cpus 2 --cpus 3', 16, '--cpus', /twice, first in line 2/, /remove one/],
    ['#ODOP --time 2G', 7, '--time', /a duration such as.*found '2G'/, null],
    ['#ODOP --memory 10x', 7, '--memory', /a size such as/, null],
    [
      '#ODOP --recursive=yes --trigger file-in:d',
      7,
      '--recursive',
      /no value, found 'yes'/,
      /write --recursive alone/,
    ],
    ['#ODOP --env A', 7, '--env', /NAME=VALUE, found 'A'/, null],
    ['#ODOP --name a/b', 7, '--name', /letters, digits/, null],
    ["#ODOP --cwd 'a b", 13, null, /expected a second ', found the end/, null],
    ['#ODOP --cpus 2 \\', 16, null, /character after \\/, /begin each with #ODOP/],
    ['#ODOP --trigger file-in:$SCRATCH/out', 17, null, /\$SCRATCH: nothing is expanded/, /plain text/],
    ['#ODOP --cwd ~/x', 13, null, /found ~: nothing is expanded/, null],
    [
      '#ODOP --trigger fileIn:data',
      7,
      '--trigger',
      /expected file-in:FOLDER.*found 'fileIn:data'/,
      /did you mean file-in:data/,
    ],
    ['#ODOP --trigger file-ni:data', 7, '--trigger', /found 'file-ni:data'/, /did you mean file-in:data/],
    ['#ODOP --trigger data/out', 7, '--trigger', /found 'data\/out'/, /write file-in:data\/out/],
    ['#ODOP --trigger file-in', 7, '--trigger', /expected file-in:FOLDER, found 'file-in'/, null],
    ['#ODOP --trigger file-in:', 7, '--trigger', /expected file-in:FOLDER/, null],
    ['#ODOP --trigger background:x', 7, '--trigger', /expected background, found/, null],
    ['#ODOP --trigger timer:soon', 7, '--trigger', /a duration/, null],
    ['#ODOP --filter *.h5', 7, '--filter', /file-in or file-updated, and there is no --trigger/, null],
    ['#ODOP --trigger timer:1h --filter *.h5', 26, '--filter', /this one is timer:1h/, null],
    ['#ODOP --trigger file-updated:a --batch-size 2', 32, '--batch-size', /a trigger file-in,/, null],
    ['#ODOP --trigger file-in:d --batch-size 0', 27, '--batch-size', /at least 1, found 0/, null],
    [
      '#ODOP --nodes 2 --cpus 2',
      17,
      '--cpus',
      /`--cpus` and `--nodes` exclude/,
      /write --cpus-per-rank instead/,
    ],
    ['#ODOP --replicas 2 --nodes all', 7, '--replicas', /`--replicas` and `--nodes all` exclude/, null],
    ['  # ODOP --cpus x', 10, '--cpus', /found 'x'/, null],
    ['#ODOP --time 1m\nset -e\n#ODOP --cpus 2', undefined, null, /line 3 is a command/, /move it up/],
  ]
  it.each(cases)('%s', (line, column, option, message, fix) => {
    const { tasks, problems } = read(`${SHEBANG}${line}`)
    expect(tasks).toEqual([])
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatchObject({ file: FILE, field: option })
    expect(problems[0]?.line).toBe(column === undefined ? 4 : 2)
    expect(problems[0]?.column).toBe(column)
    expect(problems[0]?.message).toMatch(message)
    if (fix !== null) expect(problems[0]?.fix).toMatch(fix)
  })

  it('all of them at once', () => {
    const { problems } = read(`${SHEBANG}#ODOP --cpus x --tiem 1\n#ODOP --memory y`)
    expect(problems.map(({ line, column }) => [line, column])).toEqual([
      [2, 16],
      [2, 7],
      [3, 7],
    ])
  })

  it('a value that is not UTF-8', () => {
    const bytes = Buffer.concat([
      Buffer.from(`${SHEBANG}#ODOP --cwd `),
      Buffer.from([0xe9]),
      Buffer.from('\n'),
    ])
    expect(read(bytes).problems).toMatchObject([
      { field: '--cwd', message: 'expected UTF-8, found other bytes' },
    ])
  })

  it('a script that nothing can execute', () => {
    expect(read('#ODOP --cpus 1\necho\n').problems).toMatchObject([
      { line: 1, message: expect.stringMatching(/such as #!\/usr\/bin\/env python3/) },
    ])
  })
})

describe('whatever a file holds', () => {
  const line = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string().map(text => `#ODOP --${text}`),
    fc
      .array(
        fc.constantFrom('--cpus', '--env', "'", '"', '\\', '=', 'a', ' ', '--trigger', 'file-in:', '$x', '#'),
      )
      .map(words => `# ODOP --name ${words.join('')}`),
  )

  it('it is a task or a problem, and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.array(line), lines => {
        const { tasks, problems } = read(SHEBANG + lines.join('\n'))
        expect(tasks.length === 0 ? problems.length : problems.length === 0).toBeTruthy()
      }),
    )
    fc.assert(fc.property(fc.uint8Array(), bytes => void taskIn(bytes, FILE, 2)))
  })

  it('a value in single quotes is that value', () => {
    const value = fc.string({ minLength: 1 }).filter(text => !/['\0\r\n\uFFFD]/.test(text))
    fc.assert(
      fc.property(value, text => {
        expect(definitionOf(`#ODOP --cwd '${text}'`)?.cwd).toBe(text)
      }),
    )
  })
})
