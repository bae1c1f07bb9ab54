import { areUpToDate, missing, outputsOf } from '../../tasks/outputs.ts'
import type { AnyContext, Task } from '../../tasks/task.ts'
import type { AttemptSpec } from '../agent.ts'
import type { AttemptEnd } from '../keeper/messages.ts'
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

/** Why the attempt failed (null: it did not), and what the tasks that come after are told. */
export type Performed = Pick<AttemptEnd, 'failure' | 'result' | 'outputs' | 'upToDate'>

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
  const context = createContext(spec, options)
  const outputs = await outputsFor(spec, found.task, context)
  if (outputs === null) return await execute(spec, found.task, context, options.scratch)
  // What an attempt before this one has left may be half of it.
  if (spec.number === 1 && (await areUpToDate(outputs, spec.files)))
    return { failure: null, outputs, upToDate: true }
  const performed = await execute(spec, found.task, context, options.scratch)
  const [first, ...more] = performed.failure === null ? await missing(outputs) : []
  if (first !== undefined) return { failure: notWritten(first, more.length) }
  return spec.keepsResult ? { ...performed, outputs } : performed
}

/** What the item is to write, absolute; null: the task does not say. Rejects with what its function throws. */
async function outputsFor(
  { task, files, cwd }: AttemptSpec,
  { outputs: tell }: Task,
  context: AnyContext,
): Promise<readonly string[] | null> {
  if (task.outputs == null) return null
  if (task.outputs.kind === 'patterns') return outputsOf(task.outputs.patterns, files, cwd)
  const told: unknown = await tell?.(context)
  const names: readonly unknown[] = Array.isArray(told) ? told : [told]
  if (!names.every(name => typeof name === 'string' && name !== ''))
    throw new Error(`the task's outputs must be names of files; found ${JSON.stringify(told)}`)
  return outputsOf(names.map(String), [], cwd)
}

function notWritten(first: string, more: number): string {
  const others = more === 0 ? '' : ` and ${more} more`
  return `it ended well, but has not written what the task's outputs name: ${first}${others}`
}

async function execute(
  spec: AttemptSpec,
  { run, command }: Task,
  context: AnyContext,
  scratch: Scratch,
): Promise<Performed> {
  if (hasRanks(spec)) return { failure: await callRanks(spec, { run, command }, context, scratch) }
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
  { run, command }: Pick<Task, 'run' | 'command'>,
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
