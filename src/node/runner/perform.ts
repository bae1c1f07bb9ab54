import type { AnyContext, Task } from '../../tasks/task.ts'
import type { AttemptSpec } from '../agent.ts'
import { areWords, commandEnvironment, notWords, runCommand } from './command.ts'
import { createContext, type Scratch } from './context.ts'
import { setEnvironment } from './environment.ts'
import { errorDetails, errorText } from './error-text.ts'
import { hasRanks, type RanksSpec } from './ranks/launch.ts'
import { runRanks } from './ranks/run-ranks.ts'
import { type Returned, returnedAs } from './result.ts'
import type { TaskModules } from './task-modules.ts'

export interface PerformOptions {
  readonly modules: TaskModules
  readonly scratch: Scratch
  readonly signal: AbortSignal
  readonly log: (text: string) => void
}

/** Why the attempt failed (null: it did not), and what its function returned, if that is asked for. */
export interface Performed {
  readonly failure: string | null
  readonly result?: unknown
}

/** Calls the task's function, or executes its command. Rejects with what it throws. */
export async function perform(spec: AttemptSpec, options: PerformOptions): Promise<Performed> {
  const unusable = enter(spec.cwd)
  if (unusable !== null) return { failure: unusable }
  const restore = setEnvironment(spec.task.env)
  try {
    return await call(spec, options)
  } finally {
    restore()
  }
}

async function call(spec: AttemptSpec, { modules, ...options }: PerformOptions): Promise<Performed> {
  const found = await modules.find(spec.task)
  if (found.task === null) return { failure: notLoaded(spec.task.module, found.error, options.log) }
  const { run, command } = found.task
  const context = createContext(spec, options)
  if (hasRanks(spec)) return { failure: await callRanks(spec, found.task, context, options.scratch) }
  if (run !== null) {
    const returned = await run(context)
    return spec.keepsResult ? performed(returnedAs(returned)) : { failure: null }
  }
  const environment = commandEnvironment(spec, context.files, context.scratch)
  return { failure: await runCommand({ command: await command?.(context), environment, cwd: spec.cwd }) }
}

function performed(returned: Returned): Performed {
  return 'failure' in returned ? returned : { failure: null, result: returned.result }
}

/** Its function is called in the ranks, not here. */
async function callRanks(
  spec: RanksSpec,
  { run, command }: Task,
  context: AnyContext,
  scratch: Scratch,
): Promise<string | null> {
  const words = run === null ? await command?.(context) : null
  if (words !== null && !areWords(words)) return notWords(words)
  const environment =
    words === null ? spec.task.env : commandEnvironment(spec, context.files, context.scratch)
  return await runRanks({
    spec,
    command: words,
    environment,
    base: process.env,
    scratch: () => scratch.folder,
  })
}

function notLoaded(module: string, error: unknown, log: (text: string) => void): string {
  if (error === null) return `${module} was changed during the run: this task is not in it any more`
  log(errorDetails(error))
  return `${module} could not be loaded: ${errorText(error)}`
}

/** Returns why the folder cannot be the working directory, or null. */
export function enter(folder: string): string | null {
  try {
    process.chdir(folder)
    return null
  } catch (error) {
    return `the working directory ${folder} cannot be used: ${String(error)}`
  }
}
