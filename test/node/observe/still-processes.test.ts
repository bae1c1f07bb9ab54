import { type ChildProcess, spawn } from 'node:child_process'
import { afterEach, describe, expect, test } from 'vitest'
import { linuxSystem } from '../../../src/node/observe/linux-system.ts'
import { ProcessFamily } from '../../../src/node/observe/process-family.ts'
import type { ProcessLook, System } from '../../../src/node/observe/system.ts'
import { readThreadTimes } from '../../../src/os/proc.ts'
import { FakeKernel } from './fake-kernel.ts'

const keepsRecords = process.platform === 'linux' && readThreadTimes(process.pid, process.pid) !== null
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

describe.skipIf(!keepsRecords)('a process that sleeps (needs the records of the scheduler)', () => {
  const walk = linuxSystem().startWalk()

  test('is as it was, until it has run', async () => {
    const { pid, child } = await sleeping()
    let before = walk.process(pid, null)
    await until(() => {
      const now = walk.process(pid, before)
      const isStill = now !== null && now === before
      before = now
      return isStill
    })
    child.stdin?.write('line\n')
    await until(() => walk.process(pid, before) !== before)
    expect(walk.process(pid, before)).toMatchObject({ pid, parent: process.pid })
  })

  test('is looked at in full now and then', async () => {
    const { pid } = await sleeping()
    let before: ProcessLook | null = walk.process(pid, null)
    let full = 0
    for (let look = 0; look < 40; look += 1) {
      const now = walk.process(pid, before)
      if (now !== before) full += 1
      before = now
    }
    expect(full).toBeGreaterThanOrEqual(3)
    expect(full).toBeLessThan(20)
  })

  test('keeps its children and times', async () => {
    const { pid } = await sleeping()
    const look = walk.process(pid, null)
    if (look === null) throw new Error('it is gone')
    expect(walk.children(look)).toEqual([])
    expect(walk.threadTimes(look)?.get(pid)?.runSeconds).toBeGreaterThan(0)
  })

  test('and is gone when it is gone', async () => {
    const { pid, child } = await sleeping()
    const before = walk.process(pid, null)
    child.kill('SIGKILL')
    await new Promise(resolve => child.once('exit', resolve))
    expect(walk.process(pid, before)).toBe(null)
  })
})

test('a member that sleeps gets its new parent when the old one ends', () => {
  const kernel = new FakeKernel()
  kernel.fork(kernel.supervisor, 10)
  kernel.fork(10, 11)
  const system = seeingSleepers(kernel)
  const family = new ProcessFamily({ root: 1, countRoot: false, system, register: new Map() })
  const parentOf = (pid: number) => family.members.find(member => member.pid === pid)?.parent
  family.look(system.startWalk())
  expect(parentOf(11)).toBe(10)
  kernel.exit(10)
  kernel.wait(10)
  family.look(system.startWalk())
  expect(parentOf(11)).toBe(1)
})

/** Every process that was seen before is taken for one that sleeps. */
function seeingSleepers(kernel: FakeKernel): System {
  const process = (pid: number, before: ProcessLook | null) => before ?? kernel.process(pid)
  return {
    coreTimes: () => kernel.coreTimes(),
    process: pid => kernel.process(pid),
    startWalk: () => ({ ...kernel.startWalk(), process }),
    availableMemoryBytes: () => null,
    proportionalMemoryBytes: () => null,
    threadTimes: () => null,
    threadCore: () => null,
    allowedCores: () => null,
    cpuGroup: () => null,
    reap: () => {},
  }
}

async function sleeping(): Promise<{ pid: number; child: ChildProcess }> {
  const child = spawn('cat', { stdio: ['pipe', 'pipe', 'ignore'] })
  children.push(child)
  child.stdin?.write('ready\n')
  await new Promise(resolve => child.stdout?.once('data', resolve))
  return { pid: child.pid ?? 0, child }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 50_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('it never was so')
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
