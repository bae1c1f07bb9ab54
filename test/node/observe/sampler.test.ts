import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { NodeFacts } from '../../../src/core/model.ts'
import type { RunningAttempt } from '../../../src/node/observe/odop-processes.ts'
import { createSampler } from '../../../src/node/observe/sampler.ts'
import { FakeKernel } from './fake-kernel.ts'

const SUPERVISOR = 1
const KEEPER = 10
const RUNNER = 11
const APP = 100

const FACTS: NodeFacts = {
  name: 'n',
  cores: [0, 1],
  usableCores: [0, 1],
  topology: [],
  memoryLimitBytes: 2 ** 60,
  yieldMode: 'kernel',
}

const NOTHING = { busySeconds: 0, niceSeconds: 0, stolenSeconds: 0 }

/** A supervisor with a keeper and one runner below it, and an application, observed at a clock of its own. */
function rig() {
  const kernel = new FakeKernel()
  kernel.cores.set(0, NOTHING).set(1, NOTHING)
  const attempts: RunningAttempt[] = []
  const helpers = new Set([KEEPER, RUNNER])
  const own = new Set([KEEPER, APP])
  kernel.fork(SUPERVISOR, KEEPER)
  kernel.fork(KEEPER, RUNNER)
  let now = 0
  const sampler = createSampler({
    facts: FACTS,
    supervisor: SUPERVISOR,
    now,
    memoryReserveBytes: 100,
    attempts: () => attempts,
    helpers: () => helpers,
    isOwnChild: pid => own.has(pid),
    system: kernel,
  })
  kernel.fork(SUPERVISOR, APP)
  const busy = (core: number, seconds: number, nice = 0) => {
    const before = kernel.cores.get(core) ?? NOTHING
    kernel.cores.set(core, {
      busySeconds: before.busySeconds + seconds,
      niceSeconds: before.niceSeconds + nice,
      stolenSeconds: 0,
    })
  }
  const look = (seconds = 1, full = true) => {
    now += seconds * 1000
    return sampler.sample(now, { full })
  }
  return { kernel, sampler, attempts, helpers, own, busy, look }
}

describe('the accounting', () => {
  it('begins with the launch: what the application has used before the first look is its own', () => {
    const kernel = new FakeKernel()
    kernel.cores.set(0, NOTHING).set(1, NOTHING)
    kernel.fork(SUPERVISOR, APP)
    kernel.burn(APP, 0.25)
    // Somebody else has started it, as Slurm does.
    kernel.fork(2, 300)
    kernel.burn(300, 0.125)
    const sampler = createSampler({
      facts: FACTS,
      supervisor: SUPERVISOR,
      now: 0,
      launchedSecondsAgo: 0.5,
      memoryReserveBytes: 100,
      attempts: () => [],
      helpers: () => [],
      isOwnChild: () => false,
      otherPids: () => [300],
      system: kernel,
    })
    kernel.cores.set(0, { ...NOTHING, busySeconds: 1 })
    kernel.burn(APP, 1)
    sampler.sample(1500, { full: true })
    expect(sampler.usage().coreSeconds).toEqual({ total: 4, app: 1.375, tasks: 0, odop: 0, idle: 2.625 })
    expect(sampler.outsideSeconds()).toBe(0)
  })
})

describe("the application's CPU time", () => {
  it('keeps what processes used that came and went between two looks', () => {
    const { kernel, look } = rig()
    look()
    for (let pid = 200; pid < 300; pid++) {
      kernel.fork(APP, pid)
      kernel.burn(pid, 0.125)
      kernel.exit(pid)
      kernel.wait(pid)
    }
    expect(look().application.cpuSeconds).toBe(12.5)
  })

  it('counts no second twice when a process is seen, ends and is waited for', () => {
    const { kernel, look } = rig()
    kernel.fork(APP, 200)
    kernel.burn(200, 1)
    look()
    kernel.burn(200, 0.5)
    kernel.exit(200)
    expect(look().application).toMatchObject({ cpuSeconds: 1.5, processes: 1 })
    kernel.wait(200)
    expect(look().application.cpuSeconds).toBe(1.5)
    kernel.burn(APP, 0.25)
    kernel.exit(APP)
    kernel.wait(APP)
    expect(look().application).toMatchObject({ cpuSeconds: 1.75, processes: 0 })
  })

  it('counts no second twice when a process ends in the middle of a look', () => {
    const { kernel, look } = rig()
    kernel.fork(APP, 200)
    kernel.burn(200, 8)
    look()
    kernel.onLook = pid => {
      if (pid !== 200 || !kernel.has(200)) return
      kernel.exit(200)
      kernel.wait(200)
    }
    expect(look().application.cpuSeconds).toBe(8)
    kernel.onLook = () => {}
    expect(look().application.cpuSeconds).toBe(8)
    kernel.fork(APP, 201)
    kernel.burn(201, 1)
    kernel.exit(201)
    kernel.wait(201)
    expect(look().application.cpuSeconds).toBe(9)
  })

  it('stays when the kernel drops it, since the parent ignores SIGCHLD', () => {
    const { kernel, look } = rig()
    kernel.fork(APP, 200)
    kernel.burn(200, 3)
    look()
    kernel.vanish(200)
    expect(look().application.cpuSeconds).toBe(3)
  })

  it('tells two processes apart that had the same pid', () => {
    const { kernel, look } = rig()
    kernel.fork(APP, 200)
    kernel.burn(200, 3)
    look()
    kernel.vanish(200)
    kernel.fork(APP, 200)
    kernel.burn(200, 4)
    expect(look().application.cpuSeconds).toBe(7)
  })

  it('includes what daemonises, and reaps it when it has ended, but nothing that Node has spawned', () => {
    const { kernel, look, own } = rig()
    kernel.fork(APP, 200)
    kernel.fork(200, 201)
    kernel.exit(200)
    kernel.wait(200)
    kernel.burn(201, 2)
    expect(look().application).toMatchObject({ cpuSeconds: 2, processes: 2 })
    kernel.fork(SUPERVISOR, 300)
    own.add(300)
    kernel.exit(300)
    kernel.exit(201)
    look()
    expect(kernel.reaped).toEqual([])
    look()
    expect(kernel.reaped).toEqual([201])
    expect(look().application).toMatchObject({ cpuSeconds: 2, processes: 1 })
  })

  it('is not what odop has used, nor what odop has used and the supervisor has waited for', () => {
    const { kernel, look, helpers, sampler } = rig()
    kernel.fork(SUPERVISOR, 50)
    helpers.add(50)
    kernel.fork(50, 51)
    kernel.burn(51, 1)
    kernel.burn(KEEPER, 2)
    kernel.burn(SUPERVISOR, 4)
    look(1, false)
    kernel.exit(51)
    kernel.wait(51)
    kernel.exit(50)
    kernel.wait(50)
    helpers.delete(50)
    look(1, false)
    const { application, odop } = look()
    expect(application.cpuSeconds).toBe(0)
    expect(odop.cpuSeconds).toBe(7)
    expect(sampler.usage().coreSeconds.app).toBe(0)
  })
})

describe("the application's memory and run delay", () => {
  it('remembers the peak, and the delays of threads that ended', () => {
    const { kernel, look } = rig()
    kernel.set(APP, {
      memoryBytes: 500,
      threads: 2,
      delays: new Map([
        [100, 1],
        [101, 2],
      ]),
    })
    kernel.fork(APP, 200)
    kernel.set(200, { memoryBytes: 300 })
    expect(look().application).toMatchObject({ memoryBytes: 800, threads: 3, runDelaySeconds: 3 })
    kernel.set(APP, {
      memoryBytes: 100,
      threads: 1,
      delays: new Map([
        [100, 1.5],
        [102, 0.25],
      ]),
    })
    kernel.exit(200)
    kernel.wait(200)
    expect(look().application).toMatchObject({
      memoryBytes: 100,
      peakMemoryBytes: 800,
      runDelaySeconds: 3.75,
    })
  })
})

describe('where the application runs', () => {
  it('is found out from the control group of a process that uses cores', () => {
    const { kernel, look } = rig()
    kernel.fork(APP, 200)
    kernel.set(200, { cpuGroup: '/job/step' })
    expect(look().application.otherCpuGroup).toBeNull()
    kernel.burn(200, 1)
    expect(look().application.otherCpuGroup).toBe('/job/step')
  })

  it('is found out too when a process of many changes its group', () => {
    const { kernel, look } = rig()
    for (let pid = 200; pid < 220; pid++) kernel.burn(kernel.fork(APP, pid), 1)
    expect(look().application.otherCpuGroup).toBeNull()
    kernel.set(219, { cpuGroup: '/else' })
    for (let looks = 0; looks < 6; looks++) look()
    expect(look().application.otherCpuGroup).toBe('/else')
  })

  it('tells the threads that have run longest', () => {
    const { kernel, look, sampler } = rig()
    kernel.set(APP, {
      delays: new Map([
        [100, 0],
        [101, 0],
        [102, 0],
      ]),
      runs: new Map([
        [100, 1],
        [101, 7],
        [102, 3],
      ]),
    })
    expect(look().application).toMatchObject({ runSeconds: 11, lookedAt: 1000 })
    expect(sampler.busiestThreads(2).map(({ thread }) => thread)).toEqual([101, 102])
  })
})

describe('attempts', () => {
  const attempt: RunningAttempt = { attempt: 'a#1.1', pids: [RUNNER], cores: [1] }

  it('get what their runner and its children use, and odop the rest', () => {
    const { kernel, look, attempts, sampler, busy } = rig()
    kernel.burn(RUNNER, 0.25)
    sampler.attemptBegan(attempt)
    attempts.push(attempt)
    kernel.burn(RUNNER, 0.5)
    kernel.fork(RUNNER, 12)
    kernel.burn(12, 0.25)
    kernel.set(12, { memoryBytes: 70 })
    busy(1, 1, 1)
    busy(0, 1)
    const seen = look()
    expect(seen.attempts).toMatchObject([{ attempt: 'a#1.1', cpuSeconds: 0.75, memoryBytes: 70 }])
    expect(seen.cores.map(core => core.foreignShare)).toEqual([1, 0])
    kernel.burn(12, 0.5)
    kernel.exit(12)
    kernel.wait(12)
    expect(sampler.attemptEnded(attempt)).toEqual({ cpuSeconds: 1.25, peakMemoryBytes: 70 })
    attempts.pop()
    kernel.burn(RUNNER, 0.125)
    busy(1, 0.75)
    expect(look()).toMatchObject({ attempts: [], tasks: { cpuSeconds: 1.25 }, odop: { cpuSeconds: 0.375 } })
    expect(sampler.usage().coreSeconds).toEqual({
      total: 4,
      app: 1.125,
      tasks: 1.25,
      odop: 0.375,
      idle: 1.25,
    })
    expect(sampler.outsideSeconds()).toBe(1.125)
  })

  it('know the most that they could have had, and keep what they had when they are killed', () => {
    const { kernel, look, sampler, attempts } = rig()
    sampler.attemptBegan(attempt)
    attempts.push(attempt)
    kernel.set(RUNNER, { memoryBytes: 300 })
    expect(look()).toMatchObject({
      availableMemoryBytes: 900,
      attempts: [{ memoryBytes: 300, mostRoomBytes: 1200 }],
    })
    kernel.set(RUNNER, { memoryBytes: 400 })
    kernel.freeBytes = 70
    expect(look()).toMatchObject({
      availableMemoryBytes: -30,
      attempts: [{ memoryBytes: 400, mostRoomBytes: 1200 }],
    })
    sampler.attemptKilled('a#1.1')
    kernel.set(RUNNER, { memoryBytes: 0 })
    expect(look()).toMatchObject({ availableMemoryBytes: -30, attempts: [{ memoryBytes: 400 }] })
  })

  it('are looked for at once where memory is short', () => {
    const { kernel, look, sampler, attempts } = rig()
    sampler.attemptBegan(attempt)
    attempts.push(attempt)
    look()
    kernel.freeBytes = 70
    kernel.fork(RUNNER, 12)
    kernel.set(12, { memoryBytes: 500 })
    expect(look(0.001, false).attempts[0]?.memoryBytes).toBeGreaterThanOrEqual(500)
  })

  it('are measured to the end, also when they take their runner with them', () => {
    const { kernel, look, sampler, attempts, helpers } = rig()
    sampler.attemptBegan(attempt)
    attempts.push(attempt)
    kernel.burn(RUNNER, 1)
    look()
    kernel.burn(RUNNER, 2)
    kernel.exit(RUNNER)
    kernel.wait(RUNNER)
    expect(sampler.attemptEnded(attempt).cpuSeconds).toBe(3)
    attempts.pop()
    helpers.delete(RUNNER)
    expect(look()).toMatchObject({
      tasks: { cpuSeconds: 3 },
      odop: { cpuSeconds: 0 },
      application: { cpuSeconds: 0 },
    })
  })

  it('keep processes that daemonise, even as children of the supervisor', () => {
    const { kernel, look, sampler, attempts } = rig()
    sampler.attemptBegan(attempt)
    attempts.push(attempt)
    kernel.fork(RUNNER, 12)
    kernel.fork(12, 13)
    look()
    kernel.exit(12)
    kernel.wait(12)
    kernel.burn(13, 5)
    expect(look()).toMatchObject({ tasks: { cpuSeconds: 5 }, application: { cpuSeconds: 0, processes: 1 } })
    kernel.exit(13)
    kernel.wait(13)
    expect(look()).toMatchObject({ tasks: { cpuSeconds: 5 }, application: { cpuSeconds: 0 } })
  })
})

describe('accounting', () => {
  it('adds up, with no part below zero, whatever the clocks say', () => {
    const seconds = fc.double({ min: 0, max: 3, noNaN: true })
    const step = fc.record({
      runner: seconds,
      app: seconds,
      supervisor: seconds,
      busy: seconds,
      elapsed: seconds,
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), steps => {
        const { kernel, look, sampler, attempts, busy } = rig()
        attempts.push({ attempt: 'a#1.1', pids: [RUNNER], cores: [0, 1] })
        for (const each of steps) {
          kernel.burn(RUNNER, each.runner)
          kernel.burn(APP, each.app)
          kernel.burn(SUPERVISOR, each.supervisor)
          busy(0, each.busy)
          const seen = look(each.elapsed, false)
          for (const core of seen.cores) expect(core.foreignShare >= 0 && core.foreignShare <= 1).toBe(true)
          const { total, app, tasks, odop, idle } = sampler.usage().coreSeconds
          expect(app + tasks + odop + idle).toBeCloseTo(total, 6)
          expect(Math.min(app, tasks, odop, idle)).toBeGreaterThanOrEqual(-1e-9)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('loses no second, in whatever order processes come, work, end and are waited for', () => {
    const step = fc.record({
      what: fc.constantFrom('fork', 'burn', 'end', 'look', 'full look'),
      of: fc.nat(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), steps => {
        const { kernel, look } = rig()
        const alive = [APP, RUNNER]
        let next = 200
        let burnt = 0
        for (const { what, of } of steps) {
          const pid = alive[of % alive.length] ?? APP
          if (what === 'fork') alive.push(kernel.fork(pid, next++))
          if (what === 'burn') kernel.burn(pid, 1)
          if (what === 'burn') burnt += 1
          if (what === 'end' && pid !== RUNNER && pid !== APP) {
            kernel.exit(pid)
            kernel.wait(pid)
            alive.splice(alive.indexOf(pid), 1)
          }
          if (what === 'look') look(1, false)
          if (what === 'full look') look()
        }
        const { application, odop, tasks } = look()
        expect(application.cpuSeconds + odop.cpuSeconds + tasks.cpuSeconds).toBe(burnt)
      }),
      { numRuns: 200 },
    )
  })
})

describe('a program that has started odop itself', () => {
  const CALLER = 50

  function calledRig() {
    const kernel = new FakeKernel()
    kernel.cores.set(0, { busySeconds: 0, niceSeconds: 0, stolenSeconds: 0 })
    kernel.fork(0, CALLER)
    kernel.burn(CALLER, 100)
    kernel.fork(CALLER, APP)
    kernel.fork(CALLER, SUPERVISOR)
    kernel.fork(SUPERVISOR, KEEPER)
    const sampler = createSampler({
      facts: {
        name: 'n',
        cores: [0],
        usableCores: [0],
        topology: [],
        memoryLimitBytes: 2 ** 60,
        yieldMode: 'kernel',
      },
      supervisor: SUPERVISOR,
      caller: CALLER,
      now: 0,
      memoryReserveBytes: 0,
      attempts: () => [],
      helpers: () => [KEEPER],
      isOwnChild: () => true,
      system: kernel,
    })
    let now = 0
    return {
      kernel,
      look: () => {
        now += 1000
        return sampler.sample(now, { full: true })
      },
    }
  }

  it('is the application with what it has started, but for odop', () => {
    const { kernel, look } = calledRig()
    expect(look().application).toMatchObject({ processes: 2, cpuSeconds: 0 })
    kernel.burn(CALLER, 1)
    kernel.burn(APP, 2)
    kernel.burn(SUPERVISOR, 4)
    kernel.burn(KEEPER, 8)
    const { application, odop } = look()
    expect(application).toMatchObject({ processes: 2, cpuSeconds: 3 })
    expect(odop.cpuSeconds).toBe(12)
  })

  it('keeps what its children have used when they have ended, and loses nothing to those of odop', () => {
    const { kernel, look } = calledRig()
    look()
    kernel.burn(APP, 2)
    kernel.exit(APP)
    kernel.wait(APP)
    kernel.burn(KEEPER, 8)
    kernel.exit(KEEPER)
    kernel.wait(KEEPER)
    const { application, odop } = look()
    expect([application.cpuSeconds, odop.cpuSeconds]).toEqual([2, 8])
  })
})
