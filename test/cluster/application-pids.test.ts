import { describe, expect, test } from 'vitest'
import {
  ApplicationPids,
  type ApplicationPidsOptions,
  type ProcessReads,
} from '../../src/cluster/application-pids.ts'

interface FakeProcess {
  readonly parent?: number
  readonly name?: string
  readonly startTicks?: number
  readonly environment?: Readonly<Record<string, string>> | null
  readonly group?: string
}

/** Processes that a test puts there; counts what is read. */
class FakeProcesses implements ProcessReads {
  readonly processes = new Map<number, FakeProcess>([[1, { name: 'systemd', environment: null }]])
  reads = 0

  set(pid: number, process: FakeProcess): void {
    this.processes.set(pid, process)
  }

  pids(): number[] {
    return [...this.processes.keys()]
  }

  stat(pid: number) {
    this.reads++
    const process = this.processes.get(pid)
    return process
      ? {
          startTicks: process.startTicks ?? pid,
          parent: process.parent ?? 1,
          name: process.name ?? 'app',
        }
      : null
  }

  environment(pid: number): string | null {
    this.reads++
    const { environment = {} } = this.processes.get(pid) ?? {}
    return environment === null
      ? null
      : Object.entries(environment)
          .map(entry => `${entry.join('=')}\0`)
          .join('')
  }

  controlGroups(pid: number): string | null {
    this.reads++
    return this.processes.get(pid)?.group ?? '0::/\n'
  }
}

function observe(options: Partial<ApplicationPidsOptions> = {}) {
  const processes = new FakeProcesses()
  const pids = new ApplicationPids({
    jobs: ['12'],
    node: 'n1',
    agent: 50,
    ownSteps: new Set(['7']),
    ownVariables: ['ODOP_RUNNER'],
    reads: processes,
    ...options,
  })
  return { processes, look: () => Object.fromEntries(pids.look()) }
}

const inStep = (step: string, more = {}) => ({
  SLURM_JOB_ID: '12',
  SLURM_STEP_ID: step,
  SLURMD_NODENAME: 'n1',
  ...more,
})
const inBatch = { SLURM_JOB_ID: '12', SLURMD_NODENAME: 'n1' }

describe('by the environment', () => {
  test('the ranks of several steps at once, and what the batch script has started', () => {
    const { processes, look } = observe()
    processes.set(100, { environment: inStep('0') })
    processes.set(101, { environment: inStep('1') })
    processes.set(102, { environment: inStep('0') })
    processes.set(103, { environment: inBatch })
    processes.set(104, { environment: inStep('4294967290') })
    expect(look()).toEqual({ 0: [100, 102], 1: [101], batch: [103], interactive: [104] })
  })

  test('not other jobs, other nodes on this machine, other users, and names that merely end alike', () => {
    const { processes, look } = observe()
    processes.set(100, { environment: inStep('0', { SLURM_JOB_ID: '13' }) })
    processes.set(101, { environment: inStep('0', { SLURM_JOB_ID: '120' }) })
    processes.set(102, { environment: inStep('0', { SLURMD_NODENAME: 'n2' }) })
    processes.set(103, { environment: null })
    processes.set(104, { environment: { MY_SLURM_JOB_ID: '12', SLURMD_NODENAME: 'n1' } })
    expect(look()).toEqual({})
  })

  test('all components of a heterogeneous job', () => {
    const { processes, look } = observe({ jobs: ['12', '13'] })
    processes.set(100, { environment: inStep('0', { SLURM_JOB_ID: '13' }) })
    expect(look()).toEqual({ 0: [100] })
  })

  test('what a rank starts with an empty environment goes with the rank', () => {
    const { processes, look } = observe()
    processes.set(101, { parent: 100, environment: {} })
    processes.set(100, { environment: inStep('0') })
    expect(look()).toEqual({ 0: [101, 100] })
  })
})

describe('by the control group', () => {
  test.each([
    ['version 1', '5:freezer:/slurm/uid_1000/job_12/step_3/task_0\n1:cpu:/\n', '3'],
    ['version 2', '0::/system.slice/slurmstepd.scope/job_12/step_batch/user/task_0\n', 'batch'],
    [
      'a session adopted by pam_slurm_adopt',
      '0::/system.slice/slurmstepd.scope/job_12/step_extern/user\n',
      'extern',
    ],
    ['several nodes on one machine', '4:freezer:/slurm_n1/uid_0/job_12/step_4294967291\n', 'batch'],
  ])('%s', (_, group, step) => {
    const { processes, look } = observe()
    processes.set(100, { environment: null, group })
    expect(look()).toEqual({ [step]: [100] })
  })

  test('of another node on this machine, which the environment tells', () => {
    const { processes, look } = observe()
    const group = '6:freezer:/slurm_n2/uid_0/job_12/step_0\n'
    processes.set(100, { environment: inStep('0', { SLURMD_NODENAME: 'n2' }), group })
    expect(look()).toEqual({})
  })

  test('of another job it counts more than the environment', () => {
    const { processes, look } = observe()
    processes.set(100, {
      environment: inStep('0'),
      group: '0::/slurmstepd.scope/job_13/step_0/user/task_0\n',
    })
    expect(look()).toEqual({})
  })
})

describe('what is odop’s', () => {
  test('the agent and all below it', () => {
    const { processes, look } = observe({ ownSteps: new Set() })
    processes.set(50, { environment: inBatch })
    processes.set(51, { parent: 50, environment: inBatch })
    processes.set(52, { parent: 51, environment: {} })
    expect(look()).toEqual({})
  })

  test('its own steps, also those that are added later', () => {
    const ownSteps = new Set(['7'])
    const { processes, look } = observe({ ownSteps })
    processes.set(100, { environment: inStep('7') })
    processes.set(101, { environment: inStep('8') })
    expect(look()).toEqual({ 8: [101] })
    ownSteps.add('8')
    expect(look()).toEqual({})
  })

  test('ranks of a task in a step of their own, which carry its mark, in whatever control group', () => {
    const { processes, look } = observe()
    processes.set(100, { environment: inStep('3', { ODOP_RUNNER: '1.2' }) })
    processes.set(101, {
      environment: inStep('3', { ODOP_RUNNER: '1.2' }),
      group: '0::/slurmstepd.scope/job_12/step_3/user/task_0\n',
    })
    processes.set(102, { parent: 100, environment: {} })
    expect(look()).toEqual({})
  })
})

describe('from look to look', () => {
  test('a rank is slurmstepd, with its environment, until its program is executed', () => {
    const { processes, look } = observe()
    processes.set(90, { name: 'slurmstepd', environment: { SLURM_CONF: '/etc/slurm.conf' } })
    processes.set(100, { parent: 90, name: 'slurmstepd', environment: { SLURM_CONF: '/etc/slurm.conf' } })
    expect(look()).toEqual({})
    processes.set(100, { parent: 90, environment: inStep('0') })
    expect(look()).toEqual({ 0: [100] })
  })

  test('steps come and go, one after another', () => {
    const { processes, look } = observe()
    for (const step of ['0', '1', '2']) {
      processes.set(100, { startTicks: Number(step), environment: inStep(step) })
      expect(look()).toEqual({ [step]: [100] })
      processes.processes.delete(100)
      expect(look()).toEqual({})
    }
  })

  test('a pid that is used again by a stranger is noticed at once', () => {
    const { processes, look } = observe()
    processes.set(100, { environment: inStep('0') })
    look()
    processes.set(100, { startTicks: 5, environment: {} })
    expect(look()).toEqual({})
  })

  test('a stranger that has become a rank is noticed after some looks', () => {
    const { processes, look } = observe()
    processes.set(100, { environment: {} })
    look()
    processes.set(100, { environment: inStep('0') })
    const looks = Array.from({ length: 16 }, look)
    expect(looks.at(-1)).toEqual({ 0: [100] })
  })

  test('costs one read for each known rank, and next to none for strangers', () => {
    const { processes, look } = observe()
    for (let pid = 1_000; pid < 2_600; pid++) processes.set(pid, {})
    for (let pid = 100; pid < 110; pid++) processes.set(pid, { environment: inStep('0') })
    look()
    processes.reads = 0
    look()
    expect(processes.reads).toBeLessThan(10 + 3 * (1_601 / 16) + 3)
  })

  test('parents in a circle, as two moments may show them, end', () => {
    const { processes, look } = observe()
    processes.set(100, { parent: 101 })
    processes.set(101, { parent: 100 })
    expect(look()).toEqual({})
  })
})
