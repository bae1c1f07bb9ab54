import { expect, expectTypeOf, it } from 'vitest'
import {
  type AfterTaskContext,
  after,
  defineConfig,
  type FileTaskContext,
  fileIn,
  fileUpdated,
  forFileInFolder,
  periodic,
  type SignalTaskContext,
  signal,
  type Task,
  type TaskContext,
  task,
  timer,
} from '../../src/index.ts'

// The compiler checks these; that they are executed shows that nothing throws.

it("gives a function the files of its task's trigger", () => {
  const made = task({ trigger: fileIn('data') }, context => {
    expectTypeOf(context).toEqualTypeOf<FileTaskContext>()
    expectTypeOf(context.files[0]).toEqualTypeOf<string>()
    expectTypeOf(context.file).toEqualTypeOf<string>()
  })
  expectTypeOf(made).toEqualTypeOf<Task>()
  task({ trigger: fileIn('/scratch', { on: 'each-node' }) }, ({ files }) => files)
  // @ts-expect-error a folder is watched once, or on each node
  task({ trigger: fileUpdated('a.txt', { on: 'n1' }) }, () => {})
  task({ trigger: fileUpdated('a.txt') }, ({ file, files: [first] }) => file === first)
  task(
    { trigger: fileIn('data', { filter: /x/, batchSize: 2, recursive: true, flush: 'never', settle: 3 }) },
    () => {},
  )
})

it('gives no files to a function without a file trigger', () => {
  task({ trigger: timer('10m') }, context => {
    expectTypeOf(context).toEqualTypeOf<TaskContext>()
    // @ts-expect-error a timer has no files
    return context.files
  })
  task({}, async ({ signal, log, cores }) => {
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
    expectTypeOf(cores).toEqualTypeOf<readonly number[]>()
    log('x')
  })
  // @ts-expect-error a background task has no files
  task({ cpus: 1 }, ({ file }) => file)
})

it('gives what the task before has returned, and what came with a signal', () => {
  task({ trigger: after('reduce') }, context => {
    expectTypeOf(context).toEqualTypeOf<AfterTaskContext>()
    expectTypeOf(context.result).toEqualTypeOf<unknown>()
    expectTypeOf(context.files).toEqualTypeOf<readonly string[]>()
  })
  task({ trigger: after<{ mean: number }>('reduce') }, ({ result }) => {
    expectTypeOf(result).toEqualTypeOf<{ mean: number }>()
  })
  task({ trigger: signal('step') }, context => {
    expectTypeOf(context).toEqualTypeOf<SignalTaskContext>()
    expectTypeOf(context.file).toEqualTypeOf<string | undefined>()
    // @ts-expect-error a signal has no result
    return context.result
  })
  task({ trigger: signal('step'), command: ({ files }) => ['true', ...files] })
  task({ dependsOn: 'a' }, () => {})
  task({ dependsOn: ['a', 'b'] }, () => {})
  task({ dependsOn: { any: ['a', 'b'] } }, () => {})
  // @ts-expect-error all or any
  task({ dependsOn: { some: ['a'] } }, () => {})
})

it('gives a command the same', () => {
  task({ trigger: fileIn('data'), command: ({ files }) => ['python3', 'reduce.py', ...files] })
  task({ command: () => ['true'] })
  // @ts-expect-error a background task has no files
  task({ command: ({ files }) => ['true', ...files] })
  // @ts-expect-error arguments are texts
  task({ command: () => ['sleep', 1] })
})

it("gives a task's own parameters their types", () => {
  task({ parameters: { level: 3, field: 'T', deep: true } }, ({ parameters }) => {
    expectTypeOf(parameters.level).toEqualTypeOf<number>()
    expectTypeOf(parameters.field).toEqualTypeOf<string>()
    expectTypeOf(parameters.deep).toMatchTypeOf<boolean>()
    // @ts-expect-error it has none of this name
    return parameters.depth
  })
  task({
    trigger: fileIn('data'),
    parameters: { level: 3 },
    parameterFormat: '--{key} {value}',
    command: ({ files, parameters }) => ['reduce', String(parameters.level.toFixed()), ...files],
  })
  forFileInFolder('data', { parameters: { level: 3 } }, ({ file, parameters }) => [
    file,
    parameters.level + 1,
  ])
  // @ts-expect-error a value of a parameter is a text, a number, or true or false
  task({ parameters: { list: [1] } }, () => {})
  // @ts-expect-error a task that is started by a timer has no files
  periodic('1h', {}, ({ files }) => files)
})

it('checks parameters', () => {
  task(
    { name: 'a', cpus: 'all', memory: '2G', time: 60, retries: { limit: 1, delay: '5s' }, env: { A: 'b' } },
    () => {},
  )
  // @ts-expect-error unknown
  task({ memroy: '2G' }, () => {})
  // @ts-expect-error 'all' or a number
  task({ cpus: 'some' }, () => {})
  // @ts-expect-error a trigger, not a text
  task({ trigger: 'data' }, () => {})
  // @ts-expect-error neither a function nor a command
  task({ cpus: 1 })
  // @ts-expect-error unknown
  fileIn('data', { bachSize: 1 })
  // @ts-expect-error unknown
  defineConfig({ drian: true })
  expect(defineConfig({ drain: '10m' })).toEqual({ drain: '10m' })
})
