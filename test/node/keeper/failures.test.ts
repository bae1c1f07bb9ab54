import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKeeperRig, type KeeperRig } from './keeper-rig.ts'

let rig: KeeperRig
beforeAll(() => {
  rig = createKeeperRig({ warmRunners: 1 })
})
afterAll(() => rig[Symbol.asyncDispose]())

test.each([
  ['function returns', null],
  ['function throws', 'TypeError: thrown on purpose'],
  ['function rejects', 'Error: rejected on purpose'],
  ['function throwsNothing', 'threw undefined'],
  ['function throwsLater', 'Error: thrown by a timer'],
  ['function rejectsUnseen', 'Error: rejected unseen'],
  ['function exits', 'the task called process.exit(3)'],
  ['function segfaults', 'killed by SIGSEGV'],
  ['function abortsItself', 'killed by SIGABRT'],
  ['command prints', null],
  ['command exitsWith3', 'exit code 3'],
  ['command killsItself', 'killed by SIGSEGV'],
  ['command isMissing', 'command not found: no-such-program-of-odop'],
  ['command isNotExecutable', 'command is not executable: /etc/passwd'],
])('%s: %s', async (task, failure) => {
  expect((await rig.run(task)).failure).toBe(failure)
  expect((await rig.run('function returns')).failure).toBe(null)
})

test('a function that throws leaves its stack in the log', async () => {
  const spec = rig.start('function throws')
  await rig.ended(spec)
  expect(rig.log(spec)).toMatch(/TypeError: thrown on purpose\n\s+at .*tasks\.mjs/)
})

test('a command that is no list of words says what it is', async () => {
  expect((await rig.run('command isNoList')).failure).toContain('found "sh -c true"')
})

test('a module that is missing, broken, or has lost its task, is the failure of the attempt', async () => {
  const write = (name: string, text: string) => {
    writeFileSync(path.join(rig.folder, name), text)
    return path.join(rig.folder, name)
  }
  const failureOf = async (module: string) => (await rig.run('function throws', { module })).failure
  expect(await failureOf('/no/such/module.mjs')).toContain('/no/such/module.mjs')
  expect(await failureOf(write('broken.mjs', 'export default ('))).toContain('SyntaxError')
  expect(await failureOf(write('throws.mjs', 'throw new Error("at load")'))).toContain(
    'throws.mjs could not be loaded: Error: at load',
  )
  expect(await failureOf(write('empty.mjs', 'export default []'))).toContain('was changed during the run')
})

test('a working directory that is gone is the failure of the attempt', async () => {
  const { failure } = await rig.run('function returns', { cwd: path.join(rig.folder, 'gone') })
  expect(failure).toContain('the working directory')
  expect(failure).toContain('ENOENT')
})

test('an attempt whose log cannot be written runs all the same', async () => {
  for (const task of ['function logs', 'command prints']) {
    expect((await rig.run(task, { logFile: '/no/such/folder/attempt.log' })).failure).toBe(null)
  }
  // What a child makes of a full disk is its own affair.
  for (let time = 0; time < 2; time++) {
    expect((await rig.run('function prints', { logFile: '/dev/full' })).failure).toBe(null)
  }
  const spec = rig.start('function prints')
  await rig.ended(spec)
  expect(rig.log(spec)).toBe('one\ntwo\nthree\n')
})

test('only a runner that something may still run in is replaced', async () => {
  const pid = () => rig.client.pids().runners.map(runner => runner.pid)
  await rig.run('function returns')
  const first = pid()
  await rig.run('function throws')
  await rig.run('command exitsWith3')
  expect(pid()).toEqual(first)
  await rig.run('function throwsLater')
  await rig.run('function returns')
  expect(pid()).toHaveLength(1)
  expect(pid()).not.toEqual(first)
})
