import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readAllowedCores } from '../../../src/node/observe/allowed-cores.ts'
import { descendants, readThreads } from '../../../src/os/proc.ts'
import { systemCalls } from '../../../src/os/system-calls.ts'
import { createKeeperRig, type KeeperRig, until } from './keeper-rig.ts'

const native = systemCalls()
const allowed = readAllowedCores('self') ?? []
const [here = 0, there = 0] = allowed
const withTwoCores = test.skipIf(native === null || allowed.length < 2)

withTwoCores(
  'every thread of an attempt and of all that it has started moves (needs two cores)',
  async () => {
    await using rig = createKeeperRig()
    const spec = rig.start('function ticks', { cores: [here] })
    await untilTicks(rig)
    expect(affinities(rig)).toEqual([`${here}`])

    expect(rig.client.move(spec.attempt, [there])).toBe(true)
    expect(affinities(rig)).toEqual([`${there}`])
    expect(rig.client.pids().runners.map(({ cores }) => cores)).toEqual([[there]])
    rig.client.terminate(spec.attempt, 1)
    await rig.ended(spec)
  },
)

withTwoCores('a suspended attempt moves and stays suspended (needs two cores)', async () => {
  await using rig = createKeeperRig()
  const spec = rig.start('command waits', { cores: [here] })
  await until('it has begun', () => rig.log(spec) === 'waiting\n')
  rig.client.suspend(spec.attempt)
  expect(rig.client.move(spec.attempt, [there])).toBe(true)
  expect(affinities(rig)).toEqual([`${there}`])
  rig.client.terminate(spec.attempt, 1)
  expect((await rig.ended(spec)).failure).not.toBe(null)
})

withTwoCores('the next attempt in its runner is where it should be (needs two cores)', async () => {
  await using rig = createKeeperRig()
  const moved = rig.start('function waits', { cores: [here] })
  await until('it has begun', () => rig.log(moved) === 'waiting\n')
  rig.client.move(moved.attempt, [there])
  rig.client.terminate(moved.attempt, 1)
  await rig.ended(moved)
  for (const core of [here, there, here]) {
    await rig.run('function readsStatus', { cores: [core] })
    expect(cpusOf(JSON.parse(rig.read('status.json')).status)).toBe(`${core}`)
  }
})

withTwoCores('a move that comes when the attempt is just over does no harm (needs two cores)', async () => {
  await using rig = createKeeperRig()
  for (let time = 0; time < 5; time += 1) {
    const spec = rig.start('function returns', { cores: [here] })
    await until('it has begun', () =>
      rig.reports.some(report => report.type === 'began' && report.attempt === spec.attempt),
    )
    rig.client.move(spec.attempt, [there])
    await rig.ended(spec)
    await rig.run('function readsStatus', { cores: [here] })
    expect(cpusOf(JSON.parse(rig.read('status.json')).status)).toBe(`${here}`)
  }
  expect(rig.client.move('gone#1.1', [there])).toBe(false)
})

function cpusOf(status: string): string | undefined {
  return /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1]
}

/** Of all threads below the runners, each once. */
function affinities(rig: KeeperRig): string[] {
  const pids = rig.client.pids().runners.flatMap(({ pid }) => [pid, ...descendants(pid)])
  const threads = pids.flatMap(pid => readThreads(pid) ?? []).map(Number)
  return [...new Set(threads.map(thread => readAllowedCores(thread)?.join() ?? 'gone'))]
    .filter(cores => cores !== 'gone')
    .sort()
}

async function untilTicks(rig: KeeperRig): Promise<void> {
  await until('all parts of it run', () => {
    const ticks = readdirSync(rig.folder).includes('ticks') ? rig.read('ticks') : ''
    return ['tick', 'child', 'far'].every(part => ticks.includes(part))
  })
}
