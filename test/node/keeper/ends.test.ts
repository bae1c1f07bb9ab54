import { expect, test } from 'vitest'
import { systemCalls } from '../../../src/os/system-calls.ts'
import { createKeeperRig, type KeeperRig, killQuietly, readQuietly, stateOf, until } from './keeper-rig.ts'

const onLinux = test.skipIf(process.platform !== 'linux')
const withNative = test.skipIf(systemCalls() === null)

withNative.each(['function leavesOrphan', 'function leavesForkBomb', 'function leavesManyZombies'])(
  '%s: nothing is left but keeper and runner',
  async task => {
    await using rig = createKeeperRig()
    expect((await rig.run(task)).failure).toBe(null)
    expect(rig.processes().sort()).toEqual(ownPids(rig))
    const [runner] = rig.client.pids().runners
    const children = readQuietly(`/proc/${runner?.pid}/task/${runner?.pid}/children`)
    expect(children).toBe('')
  },
)

withNative('what a thread that was left running starts later is ended too', async () => {
  await using rig = createKeeperRig()
  expect((await rig.run('function usesThreadChild')).failure).toBe(null)
  const seen = new Set<number>()
  await until('two were started and ended', () => {
    const others = rig.processes().filter(pid => !ownPids(rig).includes(pid))
    for (const pid of others) seen.add(pid)
    return seen.size > 1 && others.length === 0
  })
})

test('terminate: a function that watches its signal ends by it', async () => {
  await using rig = createKeeperRig()
  const failure = (task: string) => failureOfTerminated(rig, task, 30)
  expect(await failure('function waits')).toContain('AbortError')
  expect(await failure('function completesWhenAborted')).toBe(null)
  expect(await failure('command waits')).toBe('killed by SIGTERM')
})

test.each(['function ignoresAbort', 'function blocks', 'command ignoresTerm'])(
  'terminate: %s is killed after the grace',
  async task => {
    await using rig = createKeeperRig()
    expect(await failureOfTerminated(rig, task, 0.2)).toBe(
      'did not end within 0.2 s of SIGTERM and was killed',
    )
    expect((await rig.run('function returns')).failure).toBe(null)
    await until('nothing is left', () => rig.processes().length <= ownPids(rig).length)
  },
)

test('terminate: SIGTERM comes once, in the group of the runner and outside', async () => {
  await using rig = createKeeperRig()
  const spec = rig.start('command countsTerms')
  await until('both wait', () => rig.log(spec).match(/waiting/g)?.length === 2)
  rig.client.terminate(spec.attempt, 0.5)
  await rig.ended(spec)
  expect(
    rig
      .log(spec)
      .match(/term \w+/g)
      ?.sort(),
  ).toEqual(['term far', 'term near'])
})

test('terminate: an attempt that has only just been started ends too', async () => {
  await using rig = createKeeperRig()
  const spec = rig.start('function waits')
  rig.client.terminate(spec.attempt, 30)
  expect((await rig.ended(spec)).failure).toContain('AbortError')
})

test('terminate: an attempt that is no more, or is terminated already, is left alone', async () => {
  await using rig = createKeeperRig()
  const spec = rig.start('function returns')
  await rig.ended(spec)
  rig.client.terminate(spec.attempt, 0)
  rig.client.suspend(spec.attempt)
  rig.client.resume('unknown#1.1')
  expect((await rig.run('function returns')).failure).toBe(null)
})

onLinux(
  'suspend stops all that the attempt has started, in whatever session; resume continues it',
  async () => {
    await using rig = createKeeperRig()
    const spec = rig.start('function ticks')
    const lines = () => (rig.exists('ticks') ? rig.read('ticks') : '')
    await until('all run', () => ['tick', 'child', 'far'].every(word => lines().includes(word)))
    rig.client.suspend(spec.attempt)
    const [, ...tree] = [
      rig.client.pids().keeper,
      ...rig.processes().filter(pid => pid !== rig.client.pids().keeper),
    ]
    expect(tree.length).toBeGreaterThan(3)
    // D: a shell that waits for its child to execute a program (vfork), and the child is what was stopped.
    await until('all are stopped', () =>
      tree.every(pid => ['T', 'Z', 'D', ''].includes(stateOf(Number(pid)))),
    )
    const before = lines()
    rig.client.resume(spec.attempt)
    await until('all run again', () => {
      const since = lines().slice(before.length)
      return ['tick', 'child', 'far'].every(word => since.includes(word))
    })
    rig.client.terminate(spec.attempt, 30)
    expect((await rig.ended(spec)).failure).toBe(null)
    await until('nothing is left', () => rig.processes().length <= ownPids(rig).length)
  },
)

onLinux('time in which an attempt was suspended does not count', async () => {
  await using rig = createKeeperRig()
  const spec = rig.start('function completesWhenAborted')
  await until('it waits', () => rig.log(spec) !== '')
  rig.client.suspend(spec.attempt)
  const start = performance.now()
  await until('half a second has passed', () => performance.now() - start > 500)
  rig.client.terminate(spec.attempt, 30)
  const { usage } = await rig.ended(spec)
  const began = rig.reports.find(report => report.type === 'began')
  const ended = rig.reports.find(report => report.type === 'ended')
  const all = (Number(ended?.at) - Number(began?.at)) / 1000
  expect(usage.wallSeconds).toBeLessThan(all - 0.4)
})

onLinux('an attempt that was suspended before its runner was ready stays so', async () => {
  await using rig = createKeeperRig()
  const spec = rig.start('function ticks')
  rig.client.suspend(spec.attempt)
  await until('the runner is stopped', () =>
    rig.client.pids().runners.some(({ pid }) => stateOf(pid) === 'T'),
  )
  rig.client.resume(spec.attempt)
  await until('it runs', () => rig.exists('ticks'))
})

test('close: running and suspended attempts are reported, and nothing is left', async () => {
  const rig = createKeeperRig({ warmRunners: 1 })
  const specs = ['function ticks', 'function blocks', 'command ignoresTerm'].map(task => rig.start(task))
  await until('all run', () => rig.exists('ticks') && specs.slice(1).every(spec => rig.log(spec) !== ''))
  rig.client.suspend(specs[0]?.attempt ?? '')
  await rig.client.close()
  expect(rig.processes()).toEqual([])
  for (const spec of specs) expect((await rig.ended(spec)).failure).toBe('odop is ending')
  expect(rig.failures).toEqual([])
  expect((await rig.run('function returns')).failure).toBe('odop is ending')
  await rig[Symbol.asyncDispose]()
})

onLinux(
  'kill -9 of a runner: the attempt fails, what it had started is gone, the next one runs',
  async () => {
    await using rig = createKeeperRig()
    const spec = rig.start('function ticks')
    await until('it runs', () => rig.exists('ticks') && rig.read('ticks').includes('far'))
    killQuietly(rig.client.pids().runners[0]?.pid ?? 0)
    expect((await rig.ended(spec)).failure).toContain('killed by SIGKILL')
    expect(rig.processes().length).toBeLessThanOrEqual(2)
    expect((await rig.run('function returns')).failure).toBe(null)
  },
)

onLinux('kill -9 of the keeper: attempts are reported, nothing is left, a new one is started', async () => {
  await using rig = createKeeperRig({ warmRunners: 2 })
  const specs = [rig.start('function ticks'), rig.start('function usesScratchAndWaits')]
  await until(
    'both run',
    () => rig.exists('ticks') && rig.read('ticks').includes('far') && rig.exists('scratch-2'),
  )
  rig.client.suspend(specs[0]?.attempt ?? '')
  const keeper = rig.client.pids().keeper
  killQuietly(keeper ?? 0)
  for (const spec of specs)
    expect((await rig.ended(spec)).failure).toBe("odop's keeper was killed by SIGKILL")
  expect(rig.processes()).toEqual([])
  expect(rig.failures).toEqual(["odop's keeper was killed by SIGKILL"])
  await until('its scratch folder is removed', () => !rig.exists('scratch-2'))
  expect((await rig.run('function returns')).failure).toBe(null)
  expect(rig.client.pids().keeper).not.toBe(keeper)
})

function ownPids(rig: KeeperRig): number[] {
  const { keeper, runners } = rig.client.pids()
  return [keeper ?? 0, ...runners.map(({ pid }) => pid)].sort()
}

async function failureOfTerminated(rig: KeeperRig, task: string, graceSeconds: number) {
  const spec = rig.start(task)
  await until(`${task} runs`, () => rig.log(spec) !== '')
  rig.client.terminate(spec.attempt, graceSeconds)
  rig.client.terminate(spec.attempt, graceSeconds)
  return (await rig.ended(spec)).failure
}
