import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { odop, until } from '../rig/rig.ts'
import { type Cluster, noCluster, startCluster, unlessSkipped } from './cluster.ts'

const examples = fileURLToPath(new URL('../../examples/', import.meta.url))
const slurm = path.join(examples, 'slurm')
const scripts = readdirSync(slurm).filter(name => name.endsWith('.sh'))
const isInstalled = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
const lacks = (...programs: string[]) => programs.filter(program => !isInstalled(program))
const unless = (missing: readonly string[]) =>
  missing.length === 0 ? '' : ` (skipped: needs ${missing.join(', ')})`

let folder: string
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'odop-examples-'))
  // Whoever compiles in the folder of the examples does not see what the tests make.
  for (const name of ['heat.c', 'Makefile']) cpSync(path.join(slurm, name), path.join(folder, name))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a program in a folder of its own and returns what it has written there, by name. */
function solve(name: string, command: readonly string[], environment = {}) {
  const cwd = path.join(folder, name)
  mkdirSync(cwd, { recursive: true })
  const [program = '', ...words] = command
  const env = { ...process.env, ...environment }
  const { status, stderr, stdout } = spawnSync(program, words, { cwd, env, encoding: 'utf8' })
  return { status, stderr, stdout, fields: fieldsIn(path.join(cwd, 'data')) }
}

function fieldsIn(data: string): Record<string, string> {
  const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')
  const names = existsSync(data) ? readdirSync(data).sort() : []
  return Object.fromEntries(names.map(name => [name, digest(path.join(data, name))]))
}

describe('the batch scripts', () => {
  test.each(scripts)('%s is a script that a shell understands, and calls odop', name => {
    const file = path.join(slurm, name)
    accessSync(file, constants.X_OK)
    const text = readFileSync(file, 'utf8')
    expect(text).toMatch(/^#!\/bin\/bash\n#SBATCH /)
    expect(text).toMatch(/^odop (run .*-- \\\n {2}srun |drain )/m)
    expect(spawnSync('bash', ['-n', file], { encoding: 'utf8' }).stderr).toBe('')
  })

  test('all of them are in the list', () => {
    const list = readFileSync(path.join(slurm, 'README.md'), 'utf8')
    for (const name of scripts) expect(list).toContain(`](${name})`)
  })
})

const noCompiler = lacks('cc', 'make')
describe.skipIf(noCompiler.length > 0)(`the heat equation in C${unless(noCompiler)}`, () => {
  const options = ['--size', '61', '--steps', '300', '--every', '100']
  let expected: Record<string, string>
  beforeAll(() => {
    execFileSync('make', ['heat'], { cwd: folder, stdio: 'pipe' })
    expected = solve('js', [process.execPath, path.join(examples, 'heat/heat.js'), ...options]).fields
    expect(Object.keys(expected)).toHaveLength(4)
  })

  test.each(['1', '3'])('writes with %s threads what the other version writes, bit for bit', threads => {
    const { status, fields } = solve(`c${threads}`, ['../heat', ...options], { OMP_NUM_THREADS: threads })
    expect(status).toBe(0)
    expect(fields).toEqual(expected)
  })

  test('told to stop, it writes where it is; with --resume it goes on there', async () => {
    const cwd = path.join(folder, 'stopped')
    mkdirSync(cwd)
    const long = ['--size', '61', '--steps', '900000000', '--every', '1000000']
    const child = spawn('../heat', long, { cwd, stdio: 'ignore' })
    const code = new Promise(resolve => child.once('exit', resolve))
    await until('it has begun', () => Object.keys(fieldsIn(path.join(cwd, 'data'))).length === 1)
    child.kill('SIGUSR1')
    expect(await code).toBe(75)
    const stoppedAt = lastStep(path.join(cwd, 'data'))
    expect(stoppedAt % 50).toBe(0)

    const steps = stoppedAt + 70
    const upTo = ['--size', '61', '--steps', String(steps), '--every', '1000000']
    const resumed = solve('stopped', ['../heat', '--resume', ...upTo])
    expect(resumed.status).toBe(0)
    expect(resumed.stdout).toContain(`from step ${stoppedAt} to ${steps}`)
    const straight = solve('straight', ['../heat', ...upTo])
    const name = `heat-${String(steps).padStart(6, '0')}.npy`
    expect(resumed.fields[name]).toBe(straight.fields[name])
  })

  test('a field of another size is not gone on with, and wrong options are refused', () => {
    expect(solve('c1', ['../heat', '--resume', '--size', '40']).stderr).toContain(
      'is not a field of this size',
    )
    expect(solve('c1', ['../heat', '--size', '2']).status).toBe(2)
    expect(solve('c1', ['../heat', '--sise', '20']).status).toBe(2)
  })

  const noMpi = lacks('mpicc', 'mpirun')
  test.skipIf(noMpi.length > 0)(`three ranks write the same${unless(noMpi)}`, () => {
    execFileSync('make', ['heat-mpi'], { cwd: folder, stdio: 'pipe' })
    const { status, fields, stderr } = solve('mpi', ['mpirun', '-n', '3', '../heat-mpi', ...options], {
      OMP_NUM_THREADS: '1',
    })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(fields).toEqual(expected)
  })
})

const noJobs = lacks('cc', 'make', 'mpicc')
const reason = unlessSkipped === '' ? unless(noJobs) : unlessSkipped
describe.skipIf(noCluster !== null || noJobs.length > 0)(
  `the scripts as jobs${reason}`,
  { timeout: 300_000 },
  () => {
    let cluster: Cluster
    beforeAll(async () => {
      cluster = await startCluster()
      execFileSync('make', ['heat', 'heat-mpi'], { cwd: folder, stdio: 'pipe' })
    })
    afterAll(() => cluster?.[Symbol.asyncDispose]())
    afterEach(async () => {
      await cluster.run(['scancel', '--user=root'])
      await until('no job is left', async () => (await cluster.run(['squeue', '--noheader'])).stdout === '')
    })

    /** Submits a script with fewer cores than it asks for, in a folder of its own. */
    function submit(script: string, sbatch: readonly string[], application: readonly string[]) {
      const cwd = path.join(cluster.folder, script)
      const bin = path.join(cwd, 'bin')
      mkdirSync(bin, { recursive: true })
      for (const name of ['heat', 'heat-mpi']) cpSync(path.join(folder, name), path.join(cwd, name))
      writeFileSync(path.join(bin, 'odop'), `#!/bin/sh\nexec '${odop}' "$@"\n`)
      chmodSync(path.join(bin, 'odop'), 0o755)
      const environment = {
        PATH: `${bin}:${cluster.environment['PATH']}`,
        ODOP_PATH: path.join(cwd, '.odop'),
        ODOP_TASKS: path.join(slurm, 'tasks'),
        OMP_NUM_THREADS: '1',
        // What MPICH speaks; a site sets it for its own MPI.
        SLURM_MPI_TYPE: 'pmi2',
      }
      const file = path.join(slurm, script)
      const body = readFileSync(file, 'utf8').replace('"$@"', application.join(' '))
      return { cwd, started: cluster.start(body, { cwd, environment, options: sbatch }) }
    }

    function results(cwd: string): { readonly code: number | null; readonly text: string } {
      const check = [path.join(examples, 'heat/check-results.js'), cwd]
      const { status, stdout } = spawnSync(process.execPath, check, { encoding: 'utf8' })
      return { code: status, text: stdout }
    }

    const small = ['--size', '64', '--steps', '400', '--every', '100']

    test('one-node.sh: every field is reduced, rendered and archived', async () => {
      const { cwd, started } = submit('one-node.sh', ['--cpus-per-task=1', '--time=60'], small)
      const { state, output } = await (await started).ended
      expect(state, output).toBe('COMPLETED')
      expect(results(cwd)).toMatchObject({ code: 0, text: expect.stringContaining('5 of 5 fields reduced') })
    })

    test('many-nodes.sh: ranks on both nodes, whose results are the same as on one', async () => {
      const words = ['--nodes=2', '--ntasks-per-node=1', '--time=60']
      const { cwd, started } = submit('many-nodes.sh', words, small)
      const { state, output } = await (await started).ended
      expect(state, output).toBe('COMPLETED')
      expect(output).toContain('2 ranks')
      expect(results(cwd)).toMatchObject({ code: 0 })
      expect(fieldsIn(path.join(cwd, 'data'))).toEqual(solve('alone', ['../heat', ...small]).fields)
    })

    test('requeue.sh: told that its time ends, the job goes into the queue again, and goes on', async () => {
      const words = ['--nodes=2', '--ntasks-per-node=1', '--time=60']
      // More than it can compute in any test: that it ends is the signal's doing.
      const endless = ['--size', '64', '--steps', '1000000000', '--every', '10000']
      const { cwd, started } = submit('requeue.sh', words, endless)
      const job = await started
      const journal = path.join(cwd, '.odop/runs', `job-${job.id}`, 'events.ndjson')
      const computes = () => Object.keys(fieldsIn(path.join(cwd, 'data'))).length > 0 && existsSync(journal)
      await until('it computes, and odop is there', computes, 120)
      await cluster.run(['scancel', '--batch', '--signal=USR1', job.id])
      await until('the application has stopped', () => /told to stop after step \d+/.test(job.output()), 60)
      await until('it waits for its next start', async () => (await job.field('JobState')) === 'PENDING', 60)
      // Slurm lets a job wait for two minutes after a requeue. That can be cut short, but not to nothing: its daemons refuse a job
      // whose permission to start is of the second in which they have revoked the one before.
      await cluster.run(['scontrol', 'update', `JobId=${job.id}`, 'StartTime=now+3'])
      await until('it has started again', () => job.output().includes('start number 2 '), 60)
      await until('it goes on from there', () => /from step [1-9]\d* to/.test(job.output()), 60)
      await until('odop has gone on with the run', () => launches(journal) === 2, 60)
      expect(readdirSync(path.join(cwd, '.odop/runs'))).toEqual([`job-${job.id}`])
      await job.cancel()
      await job.ended
    })
  },
)

function launches(journal: string): number {
  return readFileSync(journal, 'utf8').match(/"type":"launch-started"/g)?.length ?? 0
}

function lastStep(data: string): number {
  return Math.max(...readdirSync(data).map(name => Number(/\d+/.exec(name)?.[0] ?? -1)))
}
