import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { readAllowedCores } from '../../../src/node/observe/allowed-cores.ts'
import { bytesToPath } from '../../../src/os/path-bytes.ts'
import { systemCalls } from '../../../src/os/system-calls.ts'
import { createKeeperRig, until } from './keeper-rig.ts'

const withNative = test.skipIf(systemCalls() === null)

test('everything that is printed comes to the log, in order', async () => {
  await using rig = createKeeperRig()
  const spec = rig.start('function logs')
  await rig.ended(spec)
  expect(rig.log(spec)).toBe('by log\nby console.log\nby console.error\nby stdout\nby a child\n')
})

test('each attempt of a kept runner has its own log; an empty one is removed', async () => {
  await using rig = createKeeperRig()
  const specs = []
  for (const task of ['function logs', 'function returns', 'command prints']) {
    const spec = rig.start(task)
    specs.push(spec)
    await rig.ended(spec)
  }
  expect(specs.map(spec => rig.log(spec).length > 0)).toEqual([true, false, true])
  expect(rig.exists('attempt-2.log')).toBe(false)
  expect(rig.log(specs[2] ?? { logFile: '' })).toBe('out\nerr\n')
})

test('the reports of an attempt are its beginning and its end', async () => {
  await using rig = createKeeperRig()
  for (let time = 0; time < 3; time++) await rig.run('function returns')
  const seen = rig.reports.map(report =>
    report.type === 'returned' ? '' : `${report.type} ${report.attempt}`,
  )
  expect(seen).toEqual([1, 2, 3].flatMap(number => [`began test#${number}.1`, `ended test#${number}.1`]))
})

test('the context says where and what the attempt is', async () => {
  await using rig = createKeeperRig()
  const file = path.join(rig.folder, 'a file\nof 🎉.bin')
  await rig.run('function writesContext', { files: [file], number: 2, cores: [0] })
  expect(JSON.parse(rig.read('context.json'))).toEqual({
    file,
    files: [file],
    task: 'test',
    attempt: 2,
    run: 'a-run',
    node: 'here',
    cores: [0],
    gpus: [],
    rank: 0,
    ranks: 1,
    parameters: {},
    checkpoint: path.join(rig.folder, 'scratch-1'),
    scratch: path.join(rig.folder, 'scratch-1'),
  })
})

test('the scratch folder exists when it is asked for, and not after the attempt', async () => {
  await using rig = createKeeperRig()
  expect((await rig.run('function usesScratch')).failure).toBe(null)
  expect(rig.exists(path.basename(rig.read('scratch.txt')))).toBe(false)
})

test.skipIf(process.platform !== 'linux')(
  'a name that is not UTF-8 is readable by function and command',
  async () => {
    await using rig = createKeeperRig()
    const odd = Buffer.concat([Buffer.from(`${rig.folder}/odd`), Buffer.of(0xff), Buffer.from(' name.bin')])
    writeFileSync(odd, 'odd')
    writeFileSync(path.join(rig.folder, 'plain'), 'plain')
    const files = [bytesToPath(odd), path.join(rig.folder, 'plain')]
    await rig.run('function readsFiles', { files })
    expect(JSON.parse(rig.read('contents.json'))).toEqual(['odd', 'plain'])
    await rig.run('command printsArguments', { files })
    expect(rig.read('contents.txt')).toBe('oddplain')
  },
)

test('the variables of a task are set for its attempts only', async () => {
  await using rig = createKeeperRig()
  await rig.run('function writesProcess', { env: { VARIABLE: 'set' } })
  const first = JSON.parse(rig.read('process.json'))
  await rig.run('function writesProcess')
  expect(first).toMatchObject({ variable: 'set', send: 'undefined' })
  expect(JSON.parse(rig.read('process.json'))).toMatchObject({ variable: null })
})

test('a command finds its attempt in the environment, and an empty stdin', async () => {
  await using rig = createKeeperRig()
  await rig.run('command printsEnvironment', { env: { VARIABLE: 'set' }, files: ['/a', '/b'], cores: [0] })
  const variables = rig.read('environment.txt').split('\n')
  const scratch = path.join(rig.folder, 'scratch-1')
  expect(variables).toEqual(
    expect.arrayContaining([
      'VARIABLE=set',
      'ODOP_RUN=a-run',
      'ODOP_TASK=test',
      'ODOP_ATTEMPT=1',
      'ODOP_CORES=0',
    ]),
  )
  expect(variables).toEqual(expect.arrayContaining([`ODOP_SCRATCH=${scratch}`, 'ODOP_FILES=/a', '/b']))
  const spec = rig.start('command readsStdin')
  await rig.ended(spec)
  expect(rig.log(spec)).toBe('end\n')
})

test('CPU time is that of the attempt, of a function, a command, and a runner that died', async () => {
  await using rig = createKeeperRig()
  for (const task of ['function burns', 'command burns', 'function burnsAndDies']) {
    const { usage } = await rig.run(task)
    expect(usage.cpuSeconds, task).toBeGreaterThan(0.05)
    expect(usage.cpuSeconds, task).toBeLessThan(usage.wallSeconds + 0.15)
    expect((await rig.run('function returns')).usage.cpuSeconds).toBeLessThan(0.2)
  }
})

test.skipIf(process.platform !== 'linux')(
  'peak memory is that of the attempt, not of the ones before',
  async () => {
    await using rig = createKeeperRig()
    const peak = async (task: string) => (await rig.run(task)).usage.peakMemoryBytes / 1024 ** 2
    expect(await peak('function returns')).toBeLessThan(150)
    expect(await peak('function allocates')).toBeGreaterThan(200)
  },
)

withNative('attempts yield in every way, on their cores, in the session of the application', async () => {
  await using rig = createKeeperRig()
  await rig.run('command showsPriority', { cores: [0] })
  const stat = rig
    .read('stat.txt')
    .slice(rig.read('stat.txt').lastIndexOf(')') + 2)
    .split(' ')
  const [runner] = rig.client.pids().runners
  const [, , group, session] = stat
  const ownSession = readFileSync('/proc/self/stat', 'latin1').split(' ')[5]
  expect({ group: Number(group), session }).toEqual({ group: runner?.pid, session: ownSession })
  expect(rig.read('policy.txt')).toContain('SCHED_IDLE')
  expect(stat[16]).toBe('19')
  expect(rig.read('io.txt')).toContain('idle')
  expect(rig.read('oom.txt').trim()).toBe('1000')
  expect(rig.read('cpus.txt')).toMatch(/:\s*0$/m)
})

withNative('the next attempt of a kept runner runs on its own cores', async () => {
  await using rig = createKeeperRig()
  for (const core of readAllowedCores('self')?.slice(0, 2) ?? []) {
    await rig.run('function readsStatus', { cores: [core] })
    expect(JSON.parse(rig.read('status.json')).status).toMatch(new RegExp(`Cpus_allowed_list:\\s*${core}\n`))
  }
})

withNative('runners are kept: one attempt after the other needs one, two at once need two', async () => {
  await using rig = createKeeperRig({ warmRunners: 1 })
  await until('a runner is warm', () => rig.client.pids().runners.length === 1)
  for (let time = 0; time < 5; time++) await rig.run('function returns')
  expect(rig.client.pids().runners).toHaveLength(1)
  const specs = [rig.start('function waits'), rig.start('function waits')]
  await until('both wait', () => specs.every(spec => rig.log(spec) !== ''))
  const attempts = rig.client.pids().runners.map(runner => runner.attempt)
  expect(attempts.sort()).toEqual(specs.map(spec => spec.attempt))
})
