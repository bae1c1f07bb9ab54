import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { entryPoint } from '../../../entry-points.ts'
import { NO_GPUS } from '../gpus.ts'
import {
  type Environment,
  hostFileIn,
  type Launcher,
  launcherFor,
  type RanksSpec,
  rankCommand,
  rankEnvironment,
} from './launch.ts'
import { mpiKindOf, mpirunWords } from './mpirun.ts'
import { specVariables } from './spec-variables.ts'
import { srunWords } from './step.ts'

export interface RanksOptions {
  readonly spec: RanksSpec
  /** What every rank executes; null: the task's function. */
  readonly command: readonly string[] | null
  /** Variables of the attempt. */
  readonly environment: Readonly<Record<string, string>>
  /** The runner's own. */
  readonly base: Environment
  /** The attempt's folder, made when it is asked for. */
  readonly scratch: () => string
}

/** Executes an attempt as ranks, each a process on its node and its cores. Returns why it failed, or null. */
export async function runRanks(options: RanksOptions): Promise<string | null> {
  const { spec, command, base } = options
  const launcher = launcherFor(spec, base, command === null)
  const environment = {
    ...rankEnvironment(spec, base, launcher),
    ...withoutOwn(options.environment),
    ...(command === null ? specVariables(spec) : {}),
  }
  const launch = { ...options, launcher, environment }
  const failure = launcher === 'fork' ? await forkRanks(launch) : await launchRanks(launch)
  if (failure === null || command !== null) return failure
  return `a rank of the task's function failed, and its log says why (${failure})`
}

interface Launch extends RanksOptions {
  readonly launcher: Launcher
  readonly environment: Readonly<Record<string, string>>
}

/** They differ by rank: each finds them out. */
function withoutOwn({ ODOP_NODE: _, ODOP_CORES: __, ...rest }: Readonly<Record<string, string>>) {
  return rest
}

async function launchRanks(launch: Launch): Promise<string | null> {
  const { spec, command, launcher, environment } = launch
  const launched = launcher === 'srun' ? stepWords(launch) : await mpiWords(launch)
  if (typeof launched === 'string') return launched
  const words = [...launched, ...rankCommand(command ?? functionCommand())]
  if (launcher !== 'srun') return await endOf(started({ words, cwd: spec.cwd, environment, input: 'ignore' }))
  const watched = { ...environment, ODOP_WATCHED: String(LONGEST_SILENCE_SECONDS) }
  const child = started({ words, cwd: spec.cwd, environment: watched, input: 'pipe' })
  const beat = () => void child.stdin?.write('\n')
  beat()
  const beats = setInterval(beat, BEAT_MS)
  const failure = await endOf(child)
  clearInterval(beats)
  return failure
}

const BEAT_MS = 5_000
/** A runner that gets no core for long, because the application uses them all, is not gone. */
const LONGEST_SILENCE_SECONDS = 60

function stepWords({ spec, base, scratch }: Launch): string[] | string {
  return srunWords(spec, base, hostFileIn(scratch))
}

async function mpiWords({ spec, environment, scratch }: Launch): Promise<string[]> {
  return mpirunWords(spec, {
    kind: mpiKindOf(await mpirunVersion(environment)),
    variables: Object.keys(environment).filter(
      name => name.startsWith('ODOP_') || name in NO_GPUS || name in spec.task.env,
    ),
    isRoot: process.getuid?.() === 0,
    hostFile: hostFileIn(scratch),
  })
}

function mpirunVersion(env: Readonly<Record<string, string>>): Promise<string> {
  return new Promise(resolve => {
    execFile('mpirun', ['--version'], { env }, (_, stdout) => resolve(String(stdout)))
  })
}

function functionCommand(): string[] {
  return [process.execPath, entryPoint('rank')]
}

/** On this node, without a launcher. One that fails takes the others with it. */
async function forkRanks({ spec, environment }: Launch): Promise<string | null> {
  const words = rankCommand(functionCommand())
  const children = Array.from({ length: spec.task.mpi.ranks }, (_, rank) => {
    const own = { ODOP_RANK: String(rank), ODOP_LOCAL_RANK: String(rank) }
    return started({ words, cwd: spec.cwd, environment: { ...environment, ...own }, input: 'ignore' })
  })
  let first: string | null = null
  const ends = children.map(async child => {
    const failure = await endOf(child)
    if (failure === null || first !== null) return
    first = failure
    endAll(children)
  })
  await Promise.all(ends)
  return first
}

const GRACE_MS = 2_000

function endAll(children: readonly ChildProcess[]): void {
  for (const child of children) child.kill('SIGTERM')
  setTimeout(() => {
    for (const child of children) child.kill('SIGKILL')
  }, GRACE_MS)
}

interface Start {
  readonly words: readonly string[]
  readonly cwd: string
  readonly environment: Readonly<Record<string, string>>
  readonly input: 'pipe' | 'ignore'
}

/** In the runner's process group, which makes priorities and signals reach it; its output goes to the attempt's log. */
function started({ words, cwd, environment, input }: Start): ChildProcess {
  const [program = '', ...rest] = words
  const child = spawn(program, rest, { cwd, env: environment, stdio: [input, 'inherit', 'inherit'] })
  child.stdin?.on('error', () => {})
  return child
}

function endOf(child: ChildProcess): Promise<string | null> {
  return new Promise(resolve => {
    child.once('error', error => resolve(`ranks could not be started: ${error.message}`))
    child.once('exit', (code, signal) => {
      if (signal !== null) resolve(`killed by ${signal}`)
      else resolve(code === 0 ? null : `exit code ${code}`)
    })
  })
}
