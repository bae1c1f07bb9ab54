import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { JobTime } from '../../src/cluster/time-left.ts'
import { until } from '../rig/rig.ts'
import { type Cluster, noCluster, startCluster, unlessSkipped } from './cluster.ts'
import type { Exchange } from './fixtures/exchange.ts'

const fixture = (name: string) => {
  const file = fileURLToPath(new URL(`./fixtures/${name}.ts`, import.meta.url))
  return `${process.execPath} --import ${import.meta.resolve('tsx')} ${file}`
}

describe.skipIf(noCluster !== null)(`on a real cluster of two nodes${unlessSkipped}`, () => {
  let cluster: Cluster
  beforeAll(async () => {
    cluster = await startCluster()
  })
  afterAll(() => cluster?.[Symbol.asyncDispose]())
  // What a failed test has left would keep the next one waiting for a node.
  afterEach(async () => {
    await cluster.run(['scancel', '--user=root'])
    await until('no job is left', async () => (await cluster.run(['squeue', '--noheader'])).stdout === '')
  })

  test('each node has a core of its own', async () => {
    const script = 'echo $SLURMD_NODENAME $(grep Cpus_allowed_list /proc/self/status)'
    const { stdout } = await cluster.run(['srun', '--nodes=2', 'sh', '-c', script])
    const { n1, n2 } = cluster.cores
    expect(stdout.trim().split('\n').sort()).toEqual([
      `n1 Cpus_allowed_list: ${n1}`,
      `n2 Cpus_allowed_list: ${n2}`,
    ])
    expect(n1).not.toBe(n2)
  })

  test('a batch script runs, and its state, exit code and output are known', async () => {
    const done = await cluster.submit('echo on $SLURM_JOB_NODELIST; srun sh -c "echo rank $SLURM_PROCID"', {
      options: ['--nodes=2'],
    })
    expect(done).toMatchObject({ state: 'COMPLETED', exitCode: 0, signal: 0 })
    expect(done.output).toBe('on n[1-2]\nrank 0\nrank 0\n')
    expect(await cluster.submit('exit 3')).toMatchObject({ state: 'FAILED', exitCode: 3 })
  })

  test('a running job can be looked at and cancelled', async () => {
    const job = await cluster.start('echo begun; sleep 1000')
    await until('it has begun', () => job.output() === 'begun\n')
    expect(await job.field('JobState')).toBe('RUNNING')
    await job.cancel()
    expect((await job.ended).state).toBe('CANCELLED')
  })

  describe('agents in a step beside the application', () => {
    /** A job as odd as options and variables can make it: none of this must reach the agents' step. */
    const odd = {
      options: [
        '--nodes=2',
        '--ntasks-per-node=1',
        '--cpus-per-task=1',
        '--hint=nomultithread',
        '--distribution=cyclic:block',
        '--exclusive',
        '--mem-per-cpu=100',
        '--ntasks-per-core=1',
        '--threads-per-core=1',
      ],
      environment: {
        SLURM_LABELIO: '1',
        SLURM_UNBUFFEREDIO: '1',
        SLURM_EXACT: '1',
        SLURM_STDINMODE: 'none',
        SLURM_CPU_BIND: 'verbose,cores',
        SRUN_CPUS_PER_TASK: '1',
      },
    }
    const busy = 'srun --input=none sleep 1000 & sleep 0.3'
    const exchanged = async (script: string, options = odd) => {
      const { output, state } = await cluster.submit(script, options)
      expect(state, output).toBe('COMPLETED')
      return JSON.parse(output.slice(output.indexOf('[{'), output.indexOf('}]') + 2)) as Exchange[]
    }

    test('on both nodes: every message comes back as it was sent, also long ones from both at once', async () => {
      const [exchange] = await exchanged(`${busy}\n${fixture('exchange')} all; kill %1; true`)
      expect(exchange).toMatchObject({ wrong: 0, problems: [], foreign: [], code: 0 })
      expect(exchange?.echoes).toEqual({ n1: 22, n2: 22 })
    })

    test('on the other node only, with the job’s variables and without those that shape a step', async () => {
      const [exchange] = await exchanged(`export SLURM_GPUS=1\n${fixture('exchange')} others`)
      expect(exchange).toMatchObject({ wrong: 0, problems: [], foreign: [], code: 0 })
      expect(Object.keys(exchange?.hellos ?? {})).toEqual(['n2'])
      expect(exchange?.hellos['n2']).toMatchObject({ SLURM_JOB_NODELIST: 'n[1-2]', SLURM_NTASKS: '1' })
      expect(exchange?.hellos['n2']).not.toHaveProperty('SLURM_HINT')
      expect(exchange?.hellos['n2']).not.toHaveProperty('SLURM_LABELIO')
    })

    test('in a heterogeneous job: one step for each component', async () => {
      const exchanges = await exchanged(
        `#!/bin/bash\n#SBATCH -N1\n#SBATCH hetjob\n#SBATCH -N1\n${fixture('exchange')} all`,
        { ...odd, options: [] },
      )
      expect(exchanges.map(({ hellos }) => Object.keys(hellos)).sort()).toEqual([['n1'], ['n2']])
      for (const exchange of exchanges)
        expect(exchange).toMatchObject({ wrong: 0, problems: [], foreign: [], code: 0 })
    })
  })

  describe('the application’s processes', () => {
    /** Starts a step and waits until its rank on n1 runs; `$1`: what the ranks execute. */
    const nextStep = `step() {
      srun --overlap sh -c "touch $MARKS/\\$SLURM_STEP_ID.\\$SLURMD_NODENAME; $1" &
      until [ -e $MARKS/$STEP.n1 ]; do sleep 0.05; done
      STEP=$((STEP + 1))
    }
    STEP=0`

    test('are the ranks of all its steps on this node, as Slurm itself lists them, without odop’s and other jobs’', async () => {
      const marks = path.join(cluster.folder, 'marks')
      mkdirSync(marks)
      const seenFile = path.join(marks, 'seen')
      const shared = { options: ['--nodes=2', '--oversubscribe'], environment: { MARKS: marks } }
      await cluster.start('srun sleep 1000', shared)
      const job = await cluster.start(
        `mkfifo $MARKS/stdin; exec 9<>$MARKS/stdin
        ${fixture('observe')} 2 <&9 >$MARKS/seen &
        ${nextStep}
        step 'exec sleep 1000'
        step 'env -i sleep 1000 & wait'
        step 'exec sleep 1000'
        ODOP_RUNNER=1.2 step 'exec sleep 1000'
        touch $MARKS/all; wait`,
        shared,
      )
      await until(
        'all steps run',
        () => existsSync(path.join(marks, 'all')) && readFileSync(seenFile).length > 0,
      )

      const listed = await listedPids(job.id)
      expect([...listed.keys()].sort()).toEqual(['0', '1', '2', '3', 'batch'])
      // Slurm lists srun's threads of a moment, too: only the ranks of steps can be compared.
      const ranks = { 0: listed.get('0'), 1: listed.get('1') }
      expect(ranks[1]).toHaveLength(2)
      await until('the same is seen', () => {
        const { batch: _, ...steps } = lastLook(seenFile)
        return JSON.stringify(steps) === JSON.stringify(ranks)
      })
      expect(lastLook(seenFile)['batch']).toEqual(expect.arrayContaining([pidOfScript(listed)]))

      await cluster.run(['scancel', '--signal=KILL', `${job.id}.0`])
      await until('the step that has ended is gone', () => lastLook(seenFile)['0'] === undefined)
    })

    const lastLook = (file: string): Record<string, number[]> =>
      JSON.parse(readFileSync(file, 'utf8').split('\n').at(-2) ?? '{}')

    const pidOfScript = (listed: Map<string, number[]>) => Math.min(...(listed.get('batch') ?? []))

    async function listedPids(job: string): Promise<Map<string, number[]>> {
      const { stdout } = await cluster.run(['scontrol', 'listpids', job, 'n1'])
      const steps = new Map<string, number[]>()
      for (const line of stdout.trim().split('\n').slice(1)) {
        const [pid = '', , step = ''] = line.split(/\s+/)
        steps.set(
          step,
          [...(steps.get(step) ?? []), Number(pid)].sort((a, b) => a - b),
        )
      }
      return steps
    }
  })

  test('the time that a job has left is Slurm’s, also after its limit was changed', async () => {
    const job = await cluster.start('sleep 1000', { options: ['--time=5'] })
    await until('it runs', async () => (await job.field('JobState')) === 'RUNNING')
    const left = async () => {
      const time = new JobTime({ jobId: job.id, endsAt: null, env: cluster.environment }, 0)
      await time.refresh(() => Date.now())
      return time.secondsLeft(Date.now())
    }
    expect(await left()).toBeGreaterThan(200)
    expect(await left()).toBeLessThanOrEqual(300)
    await cluster.run(['scontrol', 'update', `JobId=${job.id}`, 'TimeLimit=30'])
    expect(await left()).toBeGreaterThan(1_700)
  })

  test('a second cluster at the same time has other jobs, and takes nothing with it', async () => {
    const second = await startCluster()
    const [one, two] = await Promise.all([
      cluster.submit('echo $SLURM_CLUSTER_NAME'),
      second.submit('echo $SLURM_CLUSTER_NAME'),
    ])
    expect(one.output).not.toBe(two.output)
    expect(one.id).not.toBe(two.id)
    await second[Symbol.asyncDispose]()
    expect(existsSync(second.folder)).toBe(false)
    expect((await cluster.submit('true')).state).toBe('COMPLETED')
  })

  test('kill -9 of whoever has started a cluster: no daemon, no job and no folder is left', async () => {
    const [program = '', ...words] = fixture('orphan').split(' ')
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    let printed = ''
    child.stdout.on('data', chunk => {
      printed += chunk
    })
    await until('its cluster runs a job', () => printed.endsWith('\n'), 60)
    const [folder = '', job = ''] = printed.trim().split(' ')
    expect(processesNaming(folder, `[${job}.`).length).toBeGreaterThan(6)
    child.kill('SIGKILL')
    await until(
      'nothing is left',
      () => processesNaming(folder, `[${job}.`).length === 0 && !existsSync(folder),
    )
  })
})

/** Processes whose command line or environment has one of these words. */
function processesNaming(...words: readonly string[]): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(pid => {
      const text = ['cmdline', 'environ'].map(file => readQuietly(`/proc/${pid}/${file}`)).join('\0')
      return pid > 0 && words.some(word => text.includes(word))
    })
}

function readQuietly(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
