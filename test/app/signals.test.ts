import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { buildDriver } from './build-driver.ts'

/** Says each signal that it gets, `ready` first; ends when its stdin ends, or with 3 at SIGTERM. */
const APPLICATION = `
import { readSync, writeSync } from 'node:fs'
const say = text => writeSync(1, text + '\\n')
for (const signal of ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGALRM', 'SIGWINCH']) {
  if (!process.argv.includes('no-' + signal)) process.on(signal, () => say(signal))
}
process.on('SIGTERM', () => { say('SIGTERM'); process.exit(3) })
if (process.argv.includes('keeps-on')) process.on('SIGTSTP', () => say('SIGTSTP'))
say('ready ' + process.pid)
setInterval(() => {}, 1000)
`

let folder: string
let odop: string
let application: string
const started: number[] = []

beforeAll(async () => {
  ;({ folder, odop } = await buildDriver())
  application = path.join(folder, 'application.js')
  writeFileSync(application, APPLICATION)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => {
  for (const pid of started.splice(0)) {
    // Both lead a process group of their own.
    killQuietly(-pid, 'SIGCONT')
    killQuietly(-pid, 'SIGKILL')
  }
})

interface Wrapped {
  readonly child: ChildProcess
  /** What the application has said so far, a line each. */
  readonly said: () => string[]
  readonly hooks: () => string[]
  readonly hooksFile: string
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
}

/** Starts odop with the application in a process group and session of their own. */
function wrap(options: readonly string[] = [], flags: readonly string[] = []): Wrapped {
  const hooksFile = path.join(mkdtempSync(path.join(folder, 'run-')), 'hooks')
  const args = ['--hooks', hooksFile, ...options, '--', process.execPath, application, ...flags]
  return observe(spawn(odop, args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] }), hooksFile)
}

function observe(child: ChildProcess, hooksFile: string): Wrapped {
  let output = ''
  child.stdout?.on('data', data => {
    output += data
  })
  if (child.pid !== undefined) started.push(child.pid)
  return {
    child,
    hooksFile,
    said: () => output.split(/\r?\n/).slice(0, -1),
    hooks: () => (existsSync(hooksFile) ? readFileSync(hooksFile, 'utf8').split('\n').slice(0, -1) : []),
    ended: new Promise(resolve => child.once('exit', (code, signal) => resolve({ code, signal }))),
  }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within 30 s: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

async function ready(wrapped: Wrapped): Promise<void> {
  await until('the application is ready', () => wrapped.said().some(line => line.startsWith('ready')))
  await until('the witness is there', () => wrapped.hooks().some(line => line.startsWith('witness')))
  await until('the witness listens', () => witnessListens(pidIn(wrapped, 'witness')))
}

/** Its shell has set the last trap when it waits for a question. */
function witnessListens(pid: number): boolean {
  if (Number.isNaN(pid)) return true
  const caught = /SigCgt:\t([0-9a-f]+)/.exec(readOr(`/proc/${pid}/status`))?.[1] ?? '0'
  return (BigInt(`0x${caught}`) & (1n << 29n)) !== 0n
}

function pidIn(wrapped: Wrapped, word: string): number {
  const line = wrapped.hooks().find(text => text.startsWith(`${word} `)) ?? ''
  return Number(line.slice(word.length + 1) === 'null' ? Number.NaN : line.slice(word.length + 1))
}

/**
 * When this signal has come, it is decided what becomes of those before it. Twice, because of signals that wait together
 * the kernel delivers the last one first.
 */
async function barrier(wrapped: Wrapped, pid = wrapped.child.pid ?? 0): Promise<void> {
  for (const _ of [1, 2]) {
    const before = count(wrapped, 'SIGALRM')
    process.kill(pid, 'SIGALRM')
    await until('SIGALRM has arrived', () => count(wrapped, 'SIGALRM') > before)
  }
}

const count = (wrapped: Wrapped, line: string) => wrapped.said().filter(said => said === line).length
const kill = (wrapped: Wrapped, signal: NodeJS.Signals) => process.kill(wrapped.child.pid ?? 0, signal)
/** Sent to a process and not taken by it yet (`proc(5)`, ShdPnd). */
function isPending(pid: number, signal: number): boolean {
  const mask = /^ShdPnd:\s+([0-9a-f]+)$/m.exec(readOr(`/proc/${pid}/status`))?.[1] ?? '0'
  return ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n
}

const killGroup = (wrapped: Wrapped, signal: NodeJS.Signals) =>
  process.kill(-(wrapped.child.pid ?? 0), signal)

function killQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended already.
  }
}

function readOr(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

const stateOf = (pid: number) => readOr(`/proc/${pid}/stat`).replace(/^.*\) (.).*$/s, '$1')

const shells = ['/bin/sh', '/bin/bash', '/bin/dash', '/bin/busybox'].filter(existsSync)

describe.skipIf(process.platform !== 'linux')('signals (skipped where there is no /proc)', () => {
  test.each(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGWINCH'] as const)(
    '%s to odop alone arrives once',
    async signal => {
      const wrapped = wrap()
      await ready(wrapped)
      kill(wrapped, signal)
      await until(`${signal} has arrived`, () => count(wrapped, signal) > 0)
      await barrier(wrapped)
      expect(count(wrapped, signal)).toBe(1)
      kill(wrapped, 'SIGTERM')
      expect(await wrapped.ended).toEqual({ code: 3, signal: null })
    },
  )

  test.each(shells.filter(shell => !shell.endsWith('busybox')))(
    'signals to the whole group arrive once, with %s as the witness',
    async shell => {
      const wrapped = wrap(['--shell', shell])
      await ready(wrapped)
      for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGINT', 'SIGUSR2', 'SIGQUIT'] as const) {
        const before = count(wrapped, signal)
        killGroup(wrapped, signal)
        await until(`${signal} has arrived`, () => count(wrapped, signal) > before)
        await barrier(wrapped)
        expect([signal, count(wrapped, signal)]).toEqual([signal, before + 1])
      }
      killGroup(wrapped, 'SIGTERM')
      expect((await wrapped.ended).code).toBe(3)
      expect(count(wrapped, 'SIGTERM')).toBe(1)
    },
  )

  test('many signals, alone and to the group, are counted right', async () => {
    const wrapped = wrap()
    await ready(wrapped)
    for (let round = 1; round <= 20; round++) {
      kill(wrapped, 'SIGUSR1')
      killGroup(wrapped, 'SIGUSR2')
      await barrier(wrapped)
      expect([count(wrapped, 'SIGUSR1'), count(wrapped, 'SIGUSR2')]).toEqual([round, round])
    }
  })

  test('two signals right after each other are two for the application', async () => {
    const wrapped = wrap()
    await ready(wrapped)
    kill(wrapped, 'SIGUSR1')
    // Not before odop has taken the first, nor at the same moment: the kernel would make one of them, without odop too.
    await until('the first was taken', () => !isPending(wrapped.child.pid ?? 0, os.constants.signals.SIGUSR1))
    await new Promise(resolve => setTimeout(resolve, 10))
    kill(wrapped, 'SIGUSR1')
    await until('both have arrived', () => count(wrapped, 'SIGUSR1') >= 2)
    await barrier(wrapped)
    expect(count(wrapped, 'SIGUSR1')).toBe(2)
  })

  test('a signal before the launch reaches the application', async () => {
    const wrapped = wrap(['--pause'], ['no-SIGUSR2'])
    await until('odop listens', () => wrapped.hooks().includes('catching'))
    killGroup(wrapped, 'SIGUSR2')
    writeFileSync(`${wrapped.hooksFile}.go`, '')
    // 128 + 12: the application does not listen to SIGUSR2 when it starts.
    expect(await wrapped.ended).toEqual({ code: 140, signal: null })
  })

  test('without a witness, signals to odop alone arrive once, too', async () => {
    const wrapped = wrap(['--shell', '/no/such/shell'])
    await ready(wrapped)
    kill(wrapped, 'SIGUSR1')
    kill(wrapped, 'SIGINT')
    await barrier(wrapped)
    expect([count(wrapped, 'SIGUSR1'), count(wrapped, 'SIGINT')]).toEqual([1, 1])
  })

  test('a witness that does not answer counts as none', async () => {
    const wrapped = wrap()
    await ready(wrapped)
    process.kill(pidIn(wrapped, 'witness'), 'SIGSTOP')
    kill(wrapped, 'SIGUSR1')
    await until('SIGUSR1 has arrived', () => count(wrapped, 'SIGUSR1') === 1)
    process.kill(pidIn(wrapped, 'witness'), 'SIGKILL')
    kill(wrapped, 'SIGUSR1')
    await until('SIGUSR1 has arrived again', () => count(wrapped, 'SIGUSR1') === 2)
  })

  test('an application that is killed by a signal gives 128 + n', async () => {
    const wrapped = wrap()
    await ready(wrapped)
    process.kill(pidIn(wrapped, 'application'), 'SIGKILL')
    expect(await wrapped.ended).toEqual({ code: 137, signal: null })
  })

  test('when odop is killed, the application goes on and the witness ends', async () => {
    const wrapped = wrap()
    await ready(wrapped)
    const pid = pidIn(wrapped, 'application')
    kill(wrapped, 'SIGKILL')
    await wrapped.ended
    const witness = pidIn(wrapped, 'witness')
    await until('the witness is gone', () => ['', 'Z'].includes(stateOf(witness)))
    process.kill(pid, 'SIGUSR1')
    await until('the application answers', () => count(wrapped, 'SIGUSR1') === 1)
  })

  test('a signal after the end of the application ends what odop is still doing', async () => {
    const wrapped = wrap(['--linger'])
    await ready(wrapped)
    process.kill(pidIn(wrapped, 'application'), 'SIGTERM')
    await until('odop knows', () => wrapped.hooks().includes('ended'))
    kill(wrapped, 'SIGUSR1')
    kill(wrapped, 'SIGTERM')
    expect((await wrapped.ended).code).toBe(3)
    expect(wrapped.hooks().slice(-1)).toEqual(['after end SIGTERM'])
  })
})

const hasBash = existsSync('/bin/bash') && process.platform === 'linux'

describe.skipIf(!hasBash)('stop and continue (skipped without bash and /proc)', () => {
  /** A job of a shell that controls jobs: stop signals don't act in a group without a parent in its session. */
  async function job(flags: readonly string[] = []): Promise<Wrapped & { readonly odopPid: number }> {
    const hooksFile = path.join(mkdtempSync(path.join(folder, 'run-')), 'hooks')
    const script = 'set -m; "$@" & echo "odop $!"; wait $!; echo "status $?"; read -r forever'
    const command = [odop, '--hooks', hooksFile, '--', process.execPath, application, ...flags]
    const child = spawn('bash', ['-c', script, 'bash', ...command], {
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const wrapped = observe(child, hooksFile)
    await ready(wrapped)
    const odopPid = Number(
      wrapped
        .said()
        .find(line => line.startsWith('odop '))
        ?.slice(5),
    )
    started.push(odopPid)
    return { ...wrapped, odopPid }
  }

  test.each([
    ['Ctrl-Z, to the whole group', -1],
    ['to odop alone', 1],
  ])('%s', async (_, sign) => {
    const wrapped = await job()
    const pid = pidIn(wrapped, 'application')
    for (let round = 1; round <= 3; round++) {
      process.kill(sign * wrapped.odopPid, 'SIGTSTP')
      await until('both have stopped', () => stateOf(pid) === 'T' && stateOf(wrapped.odopPid) === 'T')
      expect(wrapped.hooks().filter(line => line === 'stop').length).toBe(round)
      process.kill(sign * wrapped.odopPid, 'SIGCONT')
      await until('the application goes on', () => count(wrapped, 'SIGCONT') === round)
      await until('odop knows', () => wrapped.hooks().filter(line => line === 'continue').length === round)
      expect(stateOf(wrapped.odopPid)).not.toBe('T')
      await barrier(wrapped, wrapped.odopPid)
      expect(count(wrapped, 'SIGCONT')).toBe(round)
    }
  })

  test('an application that does not stop keeps odop going', async () => {
    const wrapped = await job(['keeps-on'])
    process.kill(-wrapped.odopPid, 'SIGTSTP')
    await until('SIGTSTP has arrived', () => count(wrapped, 'SIGTSTP') === 1)
    await barrier(wrapped, wrapped.odopPid)
    expect(count(wrapped, 'SIGTSTP')).toBe(1)
    expect(wrapped.hooks()).not.toContain('stop')
  })
})

const hasScript = spawnSync('script', ['--version']).status === 0 && process.platform === 'linux'

describe.skipIf(!hasScript)('keys of a terminal (skipped where script(1) is missing)', () => {
  function inTerminal(options: readonly string[], before = ''): Wrapped {
    const hooksFile = path.join(mkdtempSync(path.join(folder, 'run-')), 'hooks')
    const command = [odop, '--hooks', hooksFile, ...options, '--', process.execPath, application].join(' ')
    const child = spawn('script', ['-qec', `${before}exec ${command}`, '/dev/null'], {
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    return observe(child, hooksFile)
  }

  test.each([
    ['with the witness', []],
    ['without a witness', ['--shell', '/no/such/shell']],
  ])('Ctrl-C and Ctrl-\\ arrive once, %s', async (_, options) => {
    const wrapped = inTerminal(options, 'stty -echo; ')
    await ready(wrapped)
    const odopPid = Number(
      /^PPid:\t(\d+)/m.exec(readOr(`/proc/${pidIn(wrapped, 'application')}/status`))?.[1],
    )
    for (const [key, signal] of [
      ['\x03', 'SIGINT'],
      ['\x1c', 'SIGQUIT'],
      ['\x03', 'SIGINT'],
    ] as const) {
      const before = count(wrapped, signal)
      wrapped.child.stdin?.write(key)
      await until(`${signal} has arrived`, () => count(wrapped, signal) > before)
      await barrier(wrapped, odopPid)
      expect([signal, count(wrapped, signal)]).toEqual([signal, before + 1])
    }
    process.kill(odopPid, 'SIGTERM')
    expect((await wrapped.ended).code).toBe(3)
  })
})

test.skipIf(spawnSync('nohup', ['--version']).status !== 0)(
  'under nohup a hang-up changes nothing (skipped where nohup is missing)',
  async () => {
    const hooksFile = path.join(mkdtempSync(path.join(folder, 'run-')), 'hooks')
    const args = [odop, '--hooks', hooksFile, '--', process.execPath, application, 'no-SIGHUP']
    const wrapped = observe(
      spawn('nohup', args, { detached: true, stdio: ['ignore', 'pipe', 'ignore'] }),
      hooksFile,
    )
    await ready(wrapped)
    // Node makes the signal count again in the application as well: an application that is not Node's keeps it ignored.
    kill(wrapped, 'SIGHUP')
    await barrier(wrapped)
    kill(wrapped, 'SIGTERM')
    expect((await wrapped.ended).code).toBe(3)
  },
)
