import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createRig, odop, type Rig, until } from './rig.ts'

const hasScript = spawnSync('script', ['--version']).status === 0

test.skipIf(!hasScript)(
  'modes of the terminal that the application sets to stay do stay (skipped where script(1) is missing)',
  async () => {
    await using rig = createRig()
    const modes = "stty -a | grep -oE -- '-?(echo|icanon)( |$)'"
    const command = `${odop} run --quiet -- stty -echo -icanon; ${modes}`
    const { stdout } = await rig.start(['script', '-qec', command, '/dev/null']).finished
    expect(stdout.toString().split(/\s+/)).toEqual(expect.arrayContaining(['-echo', '-icanon']))
  },
)

test('zombies of what the application daemonised do not pile up', async () => {
  await using rig = createRig()
  const script =
    'for i in $(seq 200); do (sleep 0.01 &); done; echo done; until [ -e stop ]; do sleep 0.05; done; exit 42'
  const launch = rig.start([odop, 'run', '--quiet', '--', 'sh', '-c', script])
  await until('the application has daemonised', () => launch.stdout() === 'done\n')
  await until('its zombies are gone', () => orphansOf(launch.pid).length === 0, 5)
  rig.write('stop', '')
  // Node has got the status of its own child.
  expect((await launch.finished).code).toBe(42)
})

/** Zombies that wait for this process. */
function orphansOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
  return children.filter(child => {
    try {
      return /^State:\sZ/m.test(readFileSync(`/proc/${child}/status`, 'utf8'))
    } catch {
      return false
    }
  })
}

test('a file system that hangs does not keep the exit code: a signal ends the wait', async () => {
  await using rig = createRig()
  hangingJournal(rig, 'hangs')
  const launch = rig.start([odop, 'run', '--name', 'hangs', '--', 'sh', '-c', 'echo $$; exit 42'])
  await until('the application has ended', () => hasEnded(launch.stdout()))
  process.kill(launch.pid, 'SIGTERM')
  const { code, stderr } = await launch.finished
  expect(code).toBe(42)
  expect(stderr).toMatch(/odop: .*not ready/)
})

/** Whoever opens it waits for ever, as for a file of a dead server. */
function hangingJournal(rig: Rig, run: string): void {
  const folder = path.join(rig.odopPath, 'runs', run)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  spawnSync('mkfifo', [path.join(folder, 'events.ndjson')])
}

function hasEnded(stdout: string): boolean {
  return stdout.endsWith('\n') && !existsSync(`/proc/${stdout.trim()}`)
}

test('--summary writes into what is no file, and leaves it what it is', async () => {
  await using rig = createRig()
  spawnSync('mkfifo', [path.join(rig.folder, 'pipe')])
  const script = `cat pipe & exec 3<>pipe; ${odop} run --quiet --summary pipe -- true; exec 3>&-; wait`
  const { stdout } = await rig.start(['sh', '-c', script]).finished
  expect(JSON.parse(stdout.toString())).toMatchObject({ schema: 1 })
  expect(statSync(path.join(rig.folder, 'pipe')).isFIFO()).toBe(true)
})

test('a summary that can not be written leaves nothing behind', async () => {
  await using rig = createRig()
  rig.write('inner/file', '')
  const { code, stderr } = await rig.odop([
    'run',
    '--quiet',
    '--summary',
    'inner',
    '--',
    'sh',
    '-c',
    'exit 3',
  ])
  expect(code).toBe(3)
  expect(stderr).toMatch(/the summary could not be written: .*inner/)
  expect(rig.list('.')).toEqual(['.odop-path', 'inner'])
})

test('options for the application’s Node do not act on odop, and arrive', async () => {
  await using rig = createRig()
  const options = { NODE_OPTIONS: '--require ./no-such-module.cjs' }
  const command = ['sh', '-c', 'echo "$NODE_OPTIONS"; exit 5']
  const { code, stdout, stderr } = await rig.odop(['run', '--quiet', '--', ...command], {
    environment: options,
  })
  expect({ code, stderr }).toEqual({ code: 5, stderr: '' })
  expect(stdout.toString()).toBe(`${options.NODE_OPTIONS}\n`)
})
