import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseCoreList } from '../../src/node/observe/topology.ts'
import { until } from '../rig/rig.ts'
import { mungeSocket, slurmConfiguration } from './configuration.ts'
import type { Daemon } from './warden.ts'

/**
 * A real cluster of Slurm with two nodes, n1 and n2, on this machine: each has one core of it. Nothing of it is left when it
 * is disposed of, or when the process that has started it ends in whatever way.
 */
export interface Cluster extends AsyncDisposable {
  /** For whatever a test needs; removed with the cluster. */
  readonly folder: string
  /** With SLURM_CONF, and without what an outer job may have set. */
  readonly environment: Readonly<Record<string, string>>
  /** The cores of this machine that n1 and n2 have. */
  readonly cores: Readonly<Record<'n1' | 'n2', number>>
  /** Runs a command outside of any job, such as `squeue`. */
  run(command: readonly string[], options?: JobOptions): Promise<Finished>
  /** Submits a batch script and resolves as soon as it has an id; it may still be pending. */
  start(script: string, options?: JobOptions): Promise<StartedJob>
  /** Submits a batch script and resolves when the job has ended. */
  submit(script: string, options?: JobOptions): Promise<EndedJob>
}

export interface JobOptions {
  /** Of `sbatch`, such as `--nodes=2`. */
  readonly options?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly cwd?: string
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface StartedJob {
  readonly id: string
  /** What its script has printed so far, stderr included. */
  output(): string
  /** A field of `scontrol show job`, such as `JobState`. */
  field(name: string): Promise<string>
  cancel(): Promise<void>
  readonly ended: Promise<EndedJob>
}

export interface EndedJob {
  readonly id: string
  /** `COMPLETED`, `FAILED`, `TIMEOUT`, `CANCELLED` … */
  readonly state: string
  /** Of the batch script. */
  readonly exitCode: number
  /** That has ended it, or 0. */
  readonly signal: number
  readonly output: string
}

/** Why there can be no cluster here; null: there can. */
export const noCluster: string | null = whyNoCluster()

/** To be appended to the name of a suite that needs a cluster. */
export const unlessSkipped = noCluster === null ? '' : ` (skipped: ${noCluster})`

function whyNoCluster(): string | null {
  if (process.platform !== 'linux') return 'needs Linux'
  if (process.getuid?.() !== 0) return 'needs root'
  const programs = ['munged', 'slurmctld', 'slurmd', 'srun', 'sbatch', 'setpriv', 'taskset']
  const missing = programs.filter(name => !isInstalled(name))
  if (missing.length > 0) return `needs ${missing.join(', ')}`
  return allowedCores().length < 2 ? 'needs two cores' : null
}

/** @param settings further lines of `slurm.conf`, such as `KillWait=2` */
export async function startCluster(settings: readonly string[] = []): Promise<Cluster> {
  // A port that was free may be taken by somebody else the next moment.
  for (let attempt = 1; ; attempt++) {
    const starting = await prepare(settings)
    try {
      await bringUp(starting)
      return cluster(starting)
    } catch (error) {
      await end(starting)
      if (attempt === 3) throw error
    }
  }
}

interface Starting {
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  readonly cores: Cluster['cores']
  readonly warden: ChildProcess
  /** Daemons that have ended by themselves. */
  readonly failures: string[]
}

async function prepare(settings: readonly string[]): Promise<Starting> {
  const folder = mkdtempSync(path.join(tmpdir(), 'odop-slurm-'))
  // munged wants that everybody can get to its socket.
  chmodSync(folder, 0o711)
  for (const name of ['munge', 'state', 'spool', 'log', 'jobs']) mkdirSync(path.join(folder, name))
  const [controllerPort, port1, port2] = await freePorts()
  writeFileSync(
    path.join(folder, 'slurm.conf'),
    slurmConfiguration({ folder, controllerPort, nodePorts: [port1, port2], settings }),
  )
  writeFileSync(path.join(folder, 'plugstack.conf'), '')
  writeFileSync(path.join(folder, 'munge/key'), randomBytes(1024), { mode: 0o600 })
  const [n1 = 0, n2 = 0] = allowedCores()
  return { folder, environment: environmentOf(folder), cores: { n1, n2 }, ...startWarden(folder) }
}

function startWarden(folder: string): Pick<Starting, 'warden' | 'failures'> {
  const script = fileURLToPath(new URL('./warden.ts', import.meta.url))
  const warden = spawn(process.execPath, ['--import', 'tsx', script, folder], {
    // A session of its own: a Ctrl-C is for the tests alone.
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: environmentOf(folder),
  })
  const failures: string[] = []
  warden.stdout.on('data', chunk => failures.push(String(chunk)))
  warden.stdin.on('error', () => {})
  warden.once('exit', code => failures.push(`the warden has ended with ${code}\n`))
  // The tests' process may end while it runs: that is what it waits for.
  warden.unref()
  return { warden, failures }
}

/** Each daemon needs the one before: asked too early, it would try again only after seconds. */
async function bringUp(starting: Starting): Promise<void> {
  const { folder, cores } = starting
  const munge = path.join(folder, 'munge')
  launch(starting, 'munged', [
    'munged',
    '--foreground',
    `--socket=${mungeSocket(folder)}`,
    ...['key', 'pid', 'seed', 'log'].map(name => `--${name}-file=${path.join(munge, name)}`),
  ])
  await ready(starting, 'munged answers', async () => existsSync(mungeSocket(folder)))
  launch(starting, 'slurmctld', ['slurmctld', '-D'])
  await ready(
    starting,
    'slurmctld answers',
    async () => (await run(starting, ['scontrol', 'ping'])).code === 0,
  )
  for (const name of ['n1', 'n2'] as const)
    launch(starting, `slurmd.${name}`, [
      'taskset',
      '--cpu-list',
      `${cores[name]}`,
      'slurmd',
      '-D',
      '-N',
      name,
    ])
  await ready(starting, 'both nodes are idle', async () => {
    const { stdout } = await run(starting, ['sinfo', '--noheader', '--Node', '--format=%N %T'])
    return stdout === 'n1 idle\nn2 idle\n'
  })
}

function launch({ folder, warden }: Starting, name: string, command: readonly string[]): void {
  const daemon: Daemon = { command, log: path.join(folder, 'log', name) }
  warden.stdin?.write(`${JSON.stringify(daemon)}\n`)
}

async function ready(
  { failures, folder }: Starting,
  what: string,
  condition: () => Promise<boolean>,
): Promise<void> {
  try {
    await until(what, async () => failures.length > 0 || (await condition()))
  } catch (cause) {
    throw new Error(`${logs(folder)}`, { cause })
  }
  if (failures.length > 0) throw new Error(`${failures.join('')}${logs(folder)}`)
}

function logs(folder: string): string {
  const names = ['munged', 'slurmctld', 'slurmd.n1', 'slurmd.n2']
  return names
    .map(name => `${name}:\n${readQuietly(path.join(folder, 'log', name)).slice(-2_000)}\n`)
    .join('')
}

function cluster(starting: Starting): Cluster {
  const { folder, environment, cores } = starting
  const start = (script: string, options: JobOptions = {}) => startJob(starting, script, options)
  return {
    folder,
    environment,
    cores,
    run: (command, options) => run(starting, command, options),
    start,
    submit: async (script, options) => (await start(script, options)).ended,
    [Symbol.asyncDispose]: () => end(starting),
  }
}

async function startJob(starting: Starting, script: string, options: JobOptions): Promise<StartedJob> {
  const jobs = path.join(starting.folder, 'jobs')
  const file = path.join(jobs, `${randomBytes(6).toString('hex')}.sh`)
  writeFileSync(file, script.startsWith('#!') ? script : `#!/bin/bash\n${script}\n`)
  const sbatch = ['sbatch', '--parsable', `--output=${jobs}/%j.out`, ...(options.options ?? []), file]
  const { code, stdout, stderr } = await run(starting, sbatch, options)
  const id = stdout.trim()
  if (code !== 0 || !/^\d+$/.test(id)) throw new Error(`sbatch: ${stderr || stdout}`)
  const output = () => readQuietly(path.join(jobs, `${id}.out`))
  const field = async (name: string) => (await fields(starting, id)).get(name) ?? ''
  const cancel = async () => {
    await run(starting, ['scancel', id])
  }
  const ended = endOfJob(starting, id, output)
  // Who does not wait for the end need not hear that the cluster was gone before.
  ended.catch(() => {})
  return { id, output, field, cancel, ended }
}

async function endOfJob(starting: Starting, id: string, output: () => string): Promise<EndedJob> {
  let last = new Map<string, string>()
  await until(
    `job ${id} has ended`,
    async () => {
      last = await fields(starting, id)
      return ENDED.has(last.get('JobState') ?? '')
    },
    300,
    // Each question is a process that takes from the cores of the job.
    400,
  )
  const [exitCode = 0, signal = 0] = (last.get('ExitCode') ?? '').split(':').map(Number)
  return { id, state: last.get('JobState') ?? '', exitCode, signal, output: output() }
}

/** A job that is COMPLETING has the state in which it will end already, but its processes may still be there. */
const ENDED = new Set([
  'COMPLETED',
  'FAILED',
  'TIMEOUT',
  'CANCELLED',
  'NODE_FAIL',
  'OUT_OF_MEMORY',
  'PREEMPTED',
])

async function fields(starting: Starting, id: string): Promise<Map<string, string>> {
  const { stdout } = await run(starting, ['scontrol', '--oneliner', 'show', 'job', id])
  const words = stdout.split('\n')[0]?.split(' ') ?? []
  return new Map(words.map(word => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]))
}

function run(
  { environment, folder }: Starting,
  command: readonly string[],
  options: JobOptions = {},
): Promise<Finished> {
  const [program = '', ...words] = command
  const env = { ...environment, ...options.environment }
  return new Promise(resolve => {
    const settings = { env, cwd: options.cwd ?? folder, maxBuffer: 2 ** 26 }
    const child = execFile(program, words, settings, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null
      resolve({ code, stdout, stderr })
    })
    child.stdin?.end()
  })
}

async function end({ warden }: Starting): Promise<void> {
  const ended = new Promise<void>(resolve => {
    if (warden.exitCode !== null || warden.signalCode !== null) resolve()
    else warden.once('exit', () => resolve())
  })
  warden.ref()
  warden.stdin?.end()
  await ended
}

/** All of them held at once, so that they differ. */
async function freePorts(): Promise<[number, number, number]> {
  const servers = await Promise.all(Array.from({ length: 3 }, listening))
  const ports = servers.map(server => (server.address() as { readonly port: number }).port)
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))))
  return ports as [number, number, number]
}

function listening(): Promise<ReturnType<typeof createServer>> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}

function environmentOf(folder: string): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !/^(?:SLURM|SRUN_|SBATCH_|SQUEUE_|SINFO_|PMI)/.test(name)) kept[name] = value
  }
  // Debian keeps daemons where an ordinary PATH does not look.
  return {
    ...kept,
    PATH: `${kept['PATH'] ?? ''}:/usr/sbin:/sbin`,
    SLURM_CONF: path.join(folder, 'slurm.conf'),
  }
}

function isInstalled(program: string): boolean {
  const env = environmentOf('/')
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program], { env, stdio: 'ignore' }).status === 0
}

function allowedCores(): number[] {
  return parseCoreList(readQuietly('/proc/self/status').match(/^Cpus_allowed_list:\s*(.+)$/m)?.[1] ?? '')
}

function readQuietly(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
