import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createRig, odop, until } from './rig.ts'

const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

test('10 MB of random bytes go through stdin and stdout unchanged', async () => {
  await using rig = createRig()
  const bytes = randomBytes(10_000_000)
  const { code, stdout } = await rig.odop(['run', '--', 'cat'], { input: bytes })
  expect(code).toBe(0)
  expect(sha(stdout)).toBe(sha(bytes))
})

test('stderr carries what the application wrote, and nothing of odop with --quiet', async () => {
  await using rig = createRig()
  const { stderr } = await rig.odop(['run', '--quiet', '--', 'sh', '-c', 'echo to stderr >&2'])
  expect(stderr).toBe('to stderr\n')
})

test.each([
  ['true', 0],
  ['exit 1', 1],
  ['exit 42', 42],
  ['exit 255', 255],
  ['kill -SEGV $$', 139],
  ['kill -TERM $$', 143],
  ['kill -KILL $$', 137],
])('`%s` exits with %i', async (script, expected) => {
  await using rig = createRig()
  const { code } = await rig.odop(['run', '--', 'sh', '-c', script])
  expect(code).toBe(expected)
  // Every launch leaves a summary with the application's own end.
  const [run] = rig.list('.odop-path/runs')
  const { exit } = rig.summary(run ?? '') as { exit: { code: number | null; signal: string | null } }
  if (expected < 128 || expected === 255) expect(exit).toEqual({ code: expected, signal: null })
  else expect(exit.code).toBeNull()
})

test.each([
  ['a command that does not exist', ['odop-no-such-command'], 127],
  ['a path that does not exist', ['./nowhere'], 127],
  ['a file that is not executable', ['./plain.txt'], 126],
  ['a folder', ['./folder'], 126],
])('%s', async (_, command, expected) => {
  await using rig = createRig()
  rig.write('plain.txt', 'no program')
  rig.write('folder/x', '')
  const { code, stderr } = await rig.odop(['run', '--', ...command])
  expect(code).toBe(expected)
  expect(stderr).toContain(command[0])
})

test('arguments, environment and working directory arrive to the letter', async () => {
  await using rig = createRig()
  const script = 'console.log(JSON.stringify([process.argv.slice(2), process.cwd(), process.env.GIVEN]))'
  writeFileSync(path.join(rig.folder, 'show.cjs'), script)
  const words = ['--quiet', '--', '-x', 'a b', '', '*', '$HOME', 'ü😀', '--help']
  const { stdout } = await rig.odop(['run', '--', process.execPath, 'show.cjs', ...words], {
    environment: { GIVEN: 'with = and spaces' },
  })
  expect(JSON.parse(stdout.toString())).toEqual([words, rig.folder, 'with = and spaces'])
})

test('a signal is passed on, once', async () => {
  await using rig = createRig()
  const application = rig.start([
    odop,
    'run',
    '--quiet',
    '--',
    'sh',
    '-c',
    'trap "echo got" USR1; trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done',
  ]) // prettier keeps the script readable
  await until('the application is ready', () => application.stdout().includes('ready'))
  process.kill(application.pid, 'SIGUSR1')
  await until('the signal arrived', () => application.stdout().includes('got'))
  process.kill(application.pid, 'SIGTERM')
  const { code, stdout } = await application.finished
  expect(code).toBe(7)
  expect(stdout.toString()).toBe('ready\ngot\n')
})

test('the application outlives a kill -9 of odop, and its output still arrives', async () => {
  await using rig = createRig()
  const launch = rig.start([
    odop,
    'run',
    '--',
    'sh',
    '-c',
    'echo $$; until [ -e stop ]; do sleep 0.05; done; echo end',
  ])
  await until('the application runs', () => launch.stdout().includes('\n'))
  process.kill(launch.pid, 'SIGKILL')
  await until('odop is gone', () => !rig.processes().some(({ pid }) => pid === launch.pid))
  expect(rig.processes().map(({ pid }) => pid)).toContain(Number(launch.stdout()))
  rig.write('stop', '')
  await launch.finished
  expect(launch.stdout()).toMatch(/end\n$/)
})

test.each([
  ['no command', ['run'], /expected the application after --/],
  ['an empty command', ['run', '--'], /expected the application after --/],
  ['an unknown option', ['run', '--nmae', 'x', '--', 'true'], /nmae/],
  ['a bad duration', ['run', '--drain=soon', '--', 'touch', 'launched'], /soon/],
  ['a bad size', ['run', '--memory-reserve', 'lots', '--', 'touch', 'launched'], /lots/],
  ['a bad number', ['run', '--max-cpus', '-1', '--', 'touch', 'launched'], /max-cpus/],
  ['a bad list', ['run', '--exclude-cpus', '3-1', '--', 'touch', 'launched'], /exclude-cpus/],
  ['a bad name', ['run', '--name', 'a/b', '--', 'touch', 'launched'], /a\/b/],
  ['an unknown command', ['rum', '--', 'true'], /rum/],
  ['nothing', [], /expected a command/],
])('usage error before the launch: %s', async (_, words, message) => {
  await using rig = createRig()
  rig.write('keep', '')
  const { code, stderr } = await rig.odop(words)
  expect(stderr).toMatch(message)
  expect(code).toBe(2)
  expect(rig.list('.')).not.toContain('launched')
})
