import { existsSync } from 'node:fs'
import { itemOf } from '../../core/ids.ts'
import { parameterWords } from '../../core/parameter-words.ts'
import type { AttemptSpec } from '../agent.ts'
import { checkpointOf } from './context.ts'

export interface CommandOptions {
  readonly command: readonly [string, ...string[]]
  readonly environment: Readonly<Record<string, string>>
  readonly cwd: string
}

/**
 * Executes a command task's words as a child in the runner's process group, which makes priorities, cores and signals
 * reach it; its output goes to the attempt's log. Returns why it failed, or null.
 */
export async function runCommand({ command, environment, cwd }: CommandOptions): Promise<string | null> {
  const [program, ...words] = command
  const { execa } = await import('execa')
  // The attempt's end, not execa, ends what is still running.
  const result = await execa(program, words, {
    cwd,
    env: environment,
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
    reject: false,
    cleanup: false,
    forceKillAfterDelay: false,
  })
  if (!result.failed) return null
  if (result.signal !== undefined) return `killed by ${result.signal}`
  if (result.exitCode !== undefined) return `exit code ${result.exitCode}`
  return notExecuted(program, result.code, result.originalMessage)
}

/** Loads what executes commands before the first one needs it. What goes wrong shows there. */
export function prepareForCommands(): void {
  import('execa').catch(() => {})
}

/** What a command finds in its environment, besides the task's own variables. */
export function commandEnvironment(
  spec: AttemptSpec,
  files: readonly string[],
  scratch: string,
): Record<string, string> {
  return {
    ...spec.task.env,
    ODOP_RUN: spec.run.name,
    ODOP_TASK: spec.task.name,
    ODOP_ITEM: itemOf(spec.attempt),
    ODOP_ATTEMPT: String(spec.number),
    ODOP_NODE: spec.node,
    ODOP_CORES: spec.cores.join(','),
    ODOP_CPUS: String(spec.cores.length),
    ODOP_GPUS: spec.gpus?.map(({ index }) => index).join(',') ?? '',
    ODOP_SCRATCH: scratch,
    ODOP_FILE: files[0] ?? '',
    // One a line: names with a line feed must be taken from the arguments.
    ODOP_FILES: files.join('\n'),
    ...checkpointVariable(spec),
    ...(spec.result === undefined ? {} : { ODOP_RESULT: JSON.stringify(spec.result) }),
  }
}

function checkpointVariable(spec: AttemptSpec): Record<string, string> {
  const checkpoint = checkpointOf(spec)
  return checkpoint === null ? {} : { ODOP_CHECKPOINT: checkpoint }
}

/** What a script is started with: options come before operands. */
export function scriptWords({ task }: AttemptSpec, files: readonly string[]): string[] {
  return [task.module, ...parameterWords(task), ...files]
}

export function notWords(command: unknown): string {
  return `the task's command must be a list of texts, the first of them the program; found ${JSON.stringify(command)}`
}

export function areWords(command: unknown): command is [string, ...string[]] {
  return Array.isArray(command) && command.length > 0 && command.every(word => typeof word === 'string')
}

function notExecuted(program: string, code: string | undefined, message: string | undefined): string {
  if (code === 'ENOENT')
    return existsSync(program)
      ? `what its first line names can't be found: ${program}`
      : `command not found: ${program}`
  if (code === 'EACCES') return `command is not executable: ${program}`
  return `command could not be executed: ${message ?? code ?? program}`
}
