import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { describeNode } from '../../../src/node/observe/allocation.ts'
import { linuxSystem } from '../../../src/node/observe/linux-system.ts'
import type { RunningAttempt } from '../../../src/node/observe/odop-processes.ts'
import { portableSystem } from '../../../src/node/observe/portable-system.ts'
import { createSampler, type NodeLook, type Sampler } from '../../../src/node/observe/sampler.ts'
import { systemCalls } from '../../../src/os/system-calls.ts'

const onLinux = describe.skipIf(process.platform !== 'linux')
const facts = describeNode({ name: 'n', env: {} })
const twoCores = facts.cores.length >= 2

const started: ChildProcess[] = []
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
})

/** Starts a process that ends by itself, or when its stdin is closed. */
function start(command: string, ...args: string[]): ChildProcess & { readonly pid: number } {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  started.push(child)
  return child as ChildProcess & { readonly pid: number }
}

const burn = (seconds: number) => `while (process.cpuUsage().user < ${seconds * 1e6});`

interface Observed {
  readonly attempts?: () => RunningAttempt[]
  readonly helpers?: () => number[]
}

function observe({ attempts = () => [], helpers = () => [] }: Observed = {}): Sampler {
  return createSampler({
    facts,
    supervisor: process.pid,
    now: Date.now(),
    memoryReserveBytes: 0,
    attempts,
    helpers,
    isOwnChild: pid => started.some(child => child.pid === pid),
  })
}

/** Looks again and again until the process has ended and all is seen; all looks, the last of them a full one. */
async function watch(
  sampler: Sampler,
  child: ChildProcess,
  isAll: (look: NodeLook) => boolean = () => true,
): Promise<NodeLook[]> {
  const looks = [sampler.sample(Date.now())]
  await new Promise<void>(resolve => {
    const timer = setInterval(() => {
      const look = sampler.sample(Date.now())
      looks.push(look)
      if ((child.exitCode === null && child.signalCode === null) || !isAll(look)) return
      clearInterval(timer)
      resolve()
    }, 100)
  })
  looks.push(sampler.sample(Date.now(), { full: true }))
  return looks
}

onLinux('observing real processes (Linux only)', () => {
  it('loses nothing of hundreds of processes that come and go', async () => {
    const sampler = observe()
    const busy = 'j=0; while [ $j -lt 3000 ]; do j=$((j+1)); done'
    const shell = start('sh', '-c', `i=0; while [ $i -lt 300 ]; do sh -c '${busy}'; i=$((i+1)); done; times`)
    const printed = text(shell)
    const looks = await watch(sampler, shell)
    const truth = cpuSecondsOfTimes(await printed)
    const seen = looks.at(-1)?.application.cpuSeconds ?? 0
    expect(truth).toBeGreaterThan(0.3)
    // Times are in ticks, and the shell still has to print them and to exit.
    expect(Math.abs(seen - truth)).toBeLessThan(0.05)
    expect(sampler.usage().coreSeconds.app).toBeGreaterThan(truth * 0.5)
  })

  it('counts both threads of a process', async () => {
    const sampler = observe()
    // `cpuUsage` is the process's: both threads stop when they have used it up together.
    const script = burn(0.8)
    const both = `new (require('node:worker_threads').Worker)(${JSON.stringify(script)}, { eval: true }); ${script}`
    const child = start(process.execPath, '-e', both)
    const looks = await watch(sampler, child)
    const last = looks.at(-1)?.application
    expect(last?.cpuSeconds).toBeGreaterThanOrEqual(0.79)
    expect(Math.max(...looks.map(look => look.application.threads))).toBeGreaterThanOrEqual(2)
    expect(last?.processes).toBe(0)
    expect(last?.peakMemoryBytes).toBeGreaterThan(10e6)
    expect(last?.runDelaySeconds).toBeGreaterThanOrEqual(0)
  })

  it.skipIf(!twoCores)(
    'sees a pinned application on its core, and no attempt as foreign (needs 2 cores)',
    async () => {
      const [first = 0, second = 1] = facts.cores
      const attempts: RunningAttempt[] = []
      const sampler = observe({ attempts: () => attempts })
      const application = start('taskset', '-c', String(first), process.execPath, '-e', burn(1.5))
      const attempt = `${burn(1.5)} process.stdin.resume().on('end', () => process.exit())`
      const runner = start(
        'taskset',
        '-c',
        String(second),
        'nice',
        '-n',
        '19',
        process.execPath,
        '-e',
        attempt,
      )
      attempts.push({ attempt: 'a#1.1', pids: [runner.pid], cores: [second] })
      const looks = await watch(sampler, application, look => look.tasks.cpuSeconds >= 1.5)
      runner.stdin?.end()

      const used = spent(looks)
      expect(used(first, 'foreignShare')).toBeGreaterThan(1.2)
      const attemptSeconds = looks.at(-1)?.tasks.cpuSeconds ?? 0
      const attemptLater = attemptSeconds - (looks[0]?.tasks.cpuSeconds ?? 0)
      expect(attemptLater).toBeGreaterThan(0.5)
      // Others may use the second core as well: what matters is that the attempt is taken off, not what is left.
      const others = Math.max(0, used(second, 'busyShare') - attemptLater)
      expect(Math.abs(used(second, 'foreignShare') - others)).toBeLessThan(attemptLater / 2)
      const { total, app, tasks, odop, idle } = sampler.usage().coreSeconds
      expect(app + tasks + odop + idle).toBeCloseTo(total, 6)
      expect(tasks).toBeCloseTo(attemptSeconds, 6)
      expect(app).toBeGreaterThan(1.2)
    },
  )

  it('reaps what the application left behind, with its CPU time, and leaves Node its own', async () => {
    expect(systemCalls()).not.toBeNull()
    const fixture = fileURLToPath(new URL('subreaper-fixture.ts', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', fixture])
    const seen = JSON.parse(stdout)
    expect(seen).toMatchObject({ code: 7, adopted: true, left: 0, processes: 0 })
    expect(seen.cpuSeconds).toBeGreaterThanOrEqual(0.29)
    expect(seen.cpuSeconds).toBeLessThan(5)
  })

  it("measures an attempt's memory with shared pages counted once", async () => {
    const child = start(
      process.execPath,
      '-e',
      'const b = Buffer.alloc(60e6, 1); console.log(b.length); process.stdin.resume()',
    )
    await once(child.stdout ?? child, 'data')
    const sampler = observe({
      attempts: () => [{ attempt: 'a#1.1', pids: [child.pid], cores: [...facts.cores] }],
    })
    const [sample] = sampler.sample(Date.now() + 1000).attempts
    expect(sample?.memoryBytes).toBeGreaterThan(80e6)
    const exact = sampler.exactMemoryBytes('a#1.1') ?? 0
    expect(exact).toBeGreaterThan(60e6)
    expect(exact).toBeLessThanOrEqual((sample?.memoryBytes ?? 0) * 1.05)
    expect(sampler.exactMemoryBytes('b#1.1')).toBeNull()
    child.stdin?.end()
  })

  it('spaces out its looks at 500 processes', async () => {
    const sampler = observe()
    const shell = start(
      'sh',
      '-c',
      'exec 3<&0; i=0; while [ $i -lt 500 ]; do cat <&3 & i=$((i+1)); done; echo; wait',
    )
    await once(shell.stdout ?? shell, 'data')
    const begin = performance.now()
    const look = sampler.sample(Date.now(), { full: true })
    const fullMs = performance.now() - begin
    const cheapMs = lookRepeatedly(sampler, 20)
    console.log(`500 processes: ${fullMs.toFixed(1)} ms for a full look, ${cheapMs.toFixed(2)} ms for others`)
    expect(look.application.processes).toBe(501)
    expect(cheapMs).toBeLessThan(fullMs)
    shell.stdin?.end()
    await once(shell, 'exit')
  })
})

/** Milliseconds of one look, at a time at which nothing is due. */
function lookRepeatedly(sampler: Sampler, looks: number): number {
  const now = Date.now()
  const begin = performance.now()
  for (let count = 0; count < looks; count++) sampler.sample(now + count)
  return (performance.now() - begin) / looks
}

describe('observing without /proc', () => {
  it('sees cores, and after a while the process and its children', async () => {
    const child = start(process.execPath, '-e', `${burn(0.3)} process.stdin.resume()`)
    const system = portableSystem(process.pid)
    expect(system.process(child.pid)).toBeNull()
    expect(system.coreTimes().size).toBeGreaterThan(0)
    const deadline = Date.now() + 40_000
    while ((system.process(child.pid)?.selfSeconds ?? 0) < 0.29 && Date.now() < deadline) {
      await new Promise(resolve => setTimeout(resolve, 50))
      system.coreTimes()
    }
    const seen = system.process(child.pid)
    expect(seen?.selfSeconds).toBeGreaterThanOrEqual(0.29)
    expect(seen?.memoryBytes).toBeGreaterThan(10e6)
    const self = system.process(process.pid)
    expect(self && system.startWalk().children(self)).toContain(child.pid)
    expect(system.availableMemoryBytes()).toBeGreaterThan(0)
    child.stdin?.end()
  })

  it.skipIf(process.platform !== 'linux')('counts cores as the reader of /proc does (Linux only)', () => {
    const [portable, linux] = [portableSystem(process.pid).coreTimes(), linuxSystem().coreTimes()]
    expect([...portable.keys()]).toEqual([...linux.keys()])
    // `os.cpus()` leaves out softirq.
    for (const [core, times] of portable)
      expect(times.busySeconds).toBeLessThanOrEqual((linux.get(core)?.busySeconds ?? 0) + 1)
  })
})

/** Core-seconds of one core from the first look to the last. */
function spent(looks: readonly NodeLook[]) {
  return (core: number, what: 'foreignShare' | 'busyShare') =>
    looks.slice(1).reduce((sum, look, before) => {
      const seconds = (look.at - (looks[before]?.at ?? look.at)) / 1000
      return sum + seconds * (look.cores.find(each => each.core === core)?.[what] ?? 0)
    }, 0)
}

/** What the shell's `times` says of itself and of its children: `0m0.12s 0m0.34s` each. */
function cpuSecondsOfTimes(printed: string): number {
  const times = [...printed.matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds),
  )
  return times.reduce((sum, seconds) => sum + seconds, 0)
}

async function text(child: ChildProcess): Promise<string> {
  let printed = ''
  for await (const chunk of child.stdout ?? []) printed += chunk
  return printed
}
