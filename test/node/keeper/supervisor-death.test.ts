import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isDoomed, killQuietly, processesMarked, readQuietly, stateOf, until } from './keeper-rig.ts'

let folder: string
let mark: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'odop-driver-'))
  mark = randomUUID()
})
afterEach(() => {
  for (const pid of processesMarked(mark)) killQuietly(pid)
  rmSync(folder, { recursive: true, force: true })
})

function startDriver(tasks: readonly string[], environment: Record<string, string> = {}): Driver {
  const child = fork(fileURLToPath(new URL('./fixtures/driver.ts', import.meta.url)), [folder, ...tasks], {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, ...environment, ODOP_TEST: mark },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  let output = ''
  child.stdout?.on('data', chunk => {
    output += chunk
  })
  return { child, output: () => output }
}

interface Driver {
  readonly child: ChildProcess
  readonly output: () => string
}

/** The driver's compiler is a child of another thread. */
const keeperOf = (child: ChildProcess) =>
  Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1').trim())

const exists = (file: string) => existsSync(path.join(folder, file))
const read = (file: string) => readQuietly(path.join(folder, file))

describe.skipIf(process.platform !== 'linux').each([
  ['with native calls', {}],
  ['without native calls', { ODOP_NO_NATIVE: '1' }],
])('on Linux, %s', (_, environment) => {
  test('kill -9 of the supervisor: no process is left, stopped ones included, nor a scratch folder', async () => {
    const tasks = [
      'suspended function ticks',
      'function blocks',
      'command ignoresTerm',
      'function usesScratchAndWaits',
    ]
    const { child } = startDriver(tasks, environment)
    await until('all run', () => read('ticks').includes('far') && exists('scratch-4'))
    await until('all run', () => ['attempt-2.log', 'attempt-3.log'].every(log => read(log) !== ''))
    child.send('suspend')
    await until('one is stopped', () => processesMarked(mark).filter(pid => stateOf(pid) === 'T').length > 3)
    const keeper = keeperOf(child)
    child.kill('SIGKILL')
    // How soon is for test/rig/kill-9.test.ts: here other suites may keep the cores busy, and dying takes a core, too.
    await until('all are killed', () => processesMarked(mark).every(pid => pid === keeper || isDoomed(pid)))
    await until('nothing is left', () => processesMarked(mark).length === 0)
    expect(readdirSync(folder).filter(name => name.startsWith('scratch'))).toEqual([])
  })

  test('kill -9 while everything is starting', async () => {
    const { child } = startDriver(['function ticks', 'function waits'], environment)
    await until('something is started', () => processesMarked(mark).length > 1)
    child.kill('SIGKILL')
    await until('nothing is left', () => processesMarked(mark).length === 0)
  })

  test('kill -9: a reader of the supervisor’s output is not kept waiting', async () => {
    const { child } = startDriver(['function blocks'], environment)
    await until('it runs', () => read('attempt-1.log') !== '')
    const closed = new Promise(resolve => child.stdout?.once('close', resolve))
    child.kill('SIGKILL')
    await closed
  })

  test('every way to end an attempt ends the same', async () => {
    const tasks = [
      'function logs',
      'function exits',
      'function segfaults',
      'command exitsWith3',
      'function leavesOrphan',
    ]
    const { child, output } = startDriver(tasks, environment)
    const ended = () => [
      ...output().matchAll(/"type":"ended","attempt":"test#(\d)\.1".*?"failure":(null|".*?")/g),
    ]
    await until('all have ended', () => ended().length === tasks.length)
    const failures = ended().map(([, number, failure]) => `${number} ${failure}`)
    expect(failures.sort()).toEqual([
      '1 null',
      '2 "the task called process.exit(3)"',
      '3 "killed by SIGSEGV"',
      '4 "exit code 3"',
      '5 null',
    ])
    expect(read('attempt-1.log')).toBe('by log\nby console.log\nby console.error\nby stdout\nby a child\n')
    const exited = new Promise(resolve => child.once('exit', resolve))
    child.send('close')
    await exited
    expect(processesMarked(mark)).toEqual([])
  })
})

test.skipIf(process.platform !== 'linux')(
  'a terminal’s or a batch system’s signals do not end the keeper',
  async () => {
    const { child } = startDriver(['function waits'])
    await until('it runs', () => read('attempt-1.log') !== '')
    const keeper = keeperOf(child)
    for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM', 'SIGTSTP', 'SIGUSR1', 'SIGUSR2'] as const) {
      process.kill(keeper, signal)
    }
    const exited = new Promise(resolve => child.once('exit', resolve))
    child.send('close')
    await exited
    expect(readQuietly(`/proc/${keeper}/stat`)).toBe('')
  },
)
