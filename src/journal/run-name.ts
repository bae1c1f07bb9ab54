import path from 'node:path'

/** A run's name, and which earlier run of that name it may go on with. */
export interface RunName {
  readonly name: string
  /**
   * - `always`: the user has named the run, so that it goes on where it ended
   * - `never`: the name was made for this run; one that exists is somebody else's
   * - a number: the same, but Slurm has started the job for so many times again: what a start before this one left goes on
   */
  readonly resume: 'always' | 'never' | number
}

export interface DefaultNameOptions {
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** `job-1234` in a Slurm job (`job-1234_5` in an array), else made of the command and the local time: `solver-20261122-143015`. */
export function defaultRunName({ command, environment, now }: DefaultNameOptions): RunName {
  const job = jobName(environment)
  if (job === null) return { name: `${commandName(command)}-${localTime(now)}`, resume: 'never' }
  const restarts = Number(environment['SLURM_RESTART_COUNT'] ?? 0)
  return { name: job, resume: Number.isSafeInteger(restarts) && restarts > 0 ? restarts : 'never' }
}

/** What is wrong with a name that a user gives; null: nothing. */
export function runNameProblem(name: string): string | null {
  if (name.length > LONGEST_NAME)
    return `expected a run name of at most ${LONGEST_NAME} characters, got ${name.length}`
  if (/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name)) return null
  return `expected a run name of letters, digits, '.', '_' and '-' that does not begin with '.' or '-', got ${JSON.stringify(name)}`
}

/** A file name has at most 255 bytes, and a suffix may come. */
const LONGEST_NAME = 200

function jobName(environment: DefaultNameOptions['environment']): string | null {
  const { SLURM_JOB_ID: job, SLURM_ARRAY_JOB_ID: array, SLURM_ARRAY_TASK_ID: index } = environment
  const name = array && index ? `job-${array}_${index}` : job ? `job-${job}` : null
  return name !== null && runNameProblem(name) === null ? name : null
}

/** The program's name without its folder and extension; that of the script, where the program is an interpreter. */
function commandName(command: readonly string[]): string {
  const [program = ''] = command
  const script = INTERPRETERS.test(path.basename(program))
    ? command.slice(1).find(word => !word.startsWith('-'))
    : null
  const base = path.basename(script ?? program)
  const name = base.replace(/\.[A-Za-z]+$/, '').replaceAll(/[^A-Za-z0-9_]+/g, '-')
  return name.replaceAll(/^-+|-+$/g, '').slice(0, 40) || 'run'
}

const INTERPRETERS =
  /^(srun|mpirun|mpiexec|env|nice|time|(ba|da|z)?sh|python[0-9.]*|node|perl|julia|Rscript)$/

function localTime(now: number): string {
  const time = new Date(now)
  const digits = (value: number) => String(value).padStart(2, '0')
  const date = `${time.getFullYear()}${digits(time.getMonth() + 1)}${digits(time.getDate())}`
  return `${date}-${digits(time.getHours())}${digits(time.getMinutes())}${digits(time.getSeconds())}`
}
