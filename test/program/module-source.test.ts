import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { moduleSource } from '../../src/program/module-source.ts'
import { fileIn, type Task, task } from '../../src/tasks/task.ts'
import { load, temporaryFolder } from '../tasks/task-folder.ts'

const problemOf = (made: Task, values: unknown = {}) => moduleSource(made, values)
const nothing = () => {}

describe('a task of the program, as the source of a module', () => {
  it('is the same task to the loader', async () => {
    const made = task(
      {
        name: 'mine',
        trigger: fileIn('data', { filter: /^a.*\.h5$/i, batchSize: 2 }),
        memory: '1G',
        env: { A: '`a`\n"' },
      },
      async ({ files }) => files,
    )
    expect(await loaded(moduleSource(made, {}))).toMatchObject({
      problems: [],
      tasks: [
        {
          name: 'mine',
          kind: 'function',
          trigger: { kind: 'file-in', batchSize: 2 },
          memoryBytes: 2 ** 30,
          env: { A: '`a`\n"' },
        },
      ],
    })
  })

  it.each([
    ['an arrow', { name: 'x', command: () => ['true'] }],
    [
      'a method',
      {
        name: 'x',
        command() {
          return ['true']
        },
      },
    ],
    [
      'an asynchronous method',
      {
        name: 'x',
        async command() {
          return ['true']
        },
      },
    ],
    [
      'a function',
      {
        name: 'x',
        command: async function named() {
          return ['true']
        },
      },
    ],
  ])('has a command that is %s', async (_, options) => {
    expect(await loaded(moduleSource(task(options), {}))).toMatchObject({
      problems: [],
      tasks: [{ kind: 'command' }],
    })
  })

  it('is refused by the loader for what is wrong with its parameters', async () => {
    const wrong = task({ name: 'x', cpus: -1 }, nothing)
    expect(await loaded(moduleSource(wrong, {}))).toMatchObject({ tasks: [], problems: [{ field: 'cpus' }] })
  })

  it('has the values that it is given, also functions and maps', async () => {
    const values = {
      text: 'x\u2028y',
      list: [1, -0, Number.NaN, 5n, null, undefined],
      table: new Map([['a', new Set([1])]]),
      when: new Date(5),
      where: new URL('file:///x'),
      helper: (n: number) => n + 1,
      options: 1,
    }
    const made = moduleSource(task({ name: 'x' }, nothing), values)
    const module = 'source' in made ? made.source : ''
    expect(module).toContain('const helper = ((n) => n + 1)')
    expect(module).toContain('const table = new Map([["a", new Set([1])]])')
    expect(module).toContain('const list = [1, -0, NaN, 5n, null, undefined]')
    expect(await loaded(made)).toMatchObject({ problems: [], tasks: [{ name: 'x' }] })
  })
})

describe('what can not be handed to another process', () => {
  it.each([
    ['a bound function', task({}, nothing.bind(null)), {}, /without source/],
    ['a class', task({}, nothing), { rows: Buffer.from('x') }, /values\.rows: Buffer can't be handed/],
    ['a symbol', task({}, nothing), { key: Symbol('x') }, /values\.key: a symbol/],
    ['a name that is none', task({}, nothing), { 'a-b': 1 }, /"a-b" is not a name/],
    ['no names at all', task({}, nothing), 5, /`values` of add\(\) is an object/],
  ])('is said: %s', (_, made, values, problem) => {
    expect(problemOf(made, values)).toEqual({ problem: expect.stringMatching(problem) })
  })

  it('is said of an object that holds itself, and of one that throws when it is read', () => {
    const ring: { self?: unknown } = {}
    ring.self = ring
    expect(problemOf(task({}, nothing), { ring })).toEqual({
      problem: expect.stringContaining('holds itself'),
    })
    const thrower = Object.defineProperty({}, 'x', {
      enumerable: true,
      get: () => {
        throw new Error('mine')
      },
    })
    expect(problemOf(task({}, nothing), { thrower })).toEqual({ problem: 'mine' })
  })
})

async function loaded(made: ReturnType<typeof moduleSource>) {
  if ('problem' in made) throw new Error(made.problem)
  const folder = temporaryFolder({ 'tasks/added-tasks/README': '' })
  const file = path.join(folder, 'tasks/added-tasks/task-1.mjs')
  writeFileSync(file, made.source)
  return load(folder, { folders: [file] })
}
