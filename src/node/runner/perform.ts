import { parameterWords } from '../../core/parameter-words.ts'
import { areUpToDate, missing, outputsOf } from '../../tasks/outputs.ts'
import type { AnyContext, Task } from '../../tasks/task.ts'
import type { AttemptSpec } from '../agent.ts'
import type { AttemptEnd } from '../keeper/messages.ts'
import { areWords, commandEnvironment, notWords, runCommand, scriptWords } from './command.ts'
import { createContext, type Scratch } from './context.ts'
import { setEnvironment } from './environment.ts'
import { errorDetails, errorText } from './error-text.ts'
import { visibleGpus } from './gpus.ts'
import { hasRanks, type RanksSpec } from './ranks/launch.ts'
import { type RanksOptions, runRanks } from './ranks/run-ranks.ts'
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
  const gpus = spec.gpus === undefined ? {} : visibleGpus(spec.gpus)
  const restore = setEnvironment({ ...gpus, ...spec.task.env })
  try {
    return await call(spec, options)
  } finally {
    restore()
  }
}

async function call(spec: AttemptSpec, { modules, ...options }: PerformOptions): Promise<Performed> {
  const context = createContext(spec, options)
  const found = await bodyOf(spec, modules)
  if ('error' in found) return { failure: notLoaded(spec.task.module, found.error, options.log) }
  const work = () => execute(spec, found.body, context, options.scratch)
  const outputs = await outputsFor(spec, found.body, context)
  return outputs === null ? await work() : await performedWith(outputs, spec, work)
}

/** Of a script, nothing but its file. */
type Body = Pick<Task, 'run' | 'command' | 'outputs'>

const NO_BODY: Body = { run: null, command: null, outputs: null }

async function bodyOf(
  { task }: AttemptSpec,
  modules: TaskModules,
): Promise<{ readonly body: Body } | { readonly error: unknown }> {
  if (task.kind === 'script') return { body: NO_BODY }
  const found = await modules.find(task)
  return found.task === null ? { error: found.error } : { body: found.task }
}

/** What the item is to write, absolute; null: the task does not say. Rejects with what its function throws. */
async function outputsFor(
  { task, files, cwd }: AttemptSpec,
  { outputs: tell }: Body,
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

async function performedWith(
  outputs: readonly string[],
  spec: AttemptSpec,
  work: () => Promise<Performed>,
): Promise<Performed> {
  // What an attempt before this one has left may be half of it.
  if (spec.number === 1 && (await areUpToDate(outputs, spec.files)))
    return { failure: null, outputs, upToDate: true }
  const performed = await work()
  const [first, ...more] = performed.failure === null ? await missing(outputs) : []
  if (first !== undefined) return { failure: notWritten(first, more.length) }
  return spec.keepsResult ? { ...performed, outputs } : performed
}

function notWritten(first: string, more: number): string {
  const others = more === 0 ? '' : ` and ${more} more`
  return `it ended well, but has not written what the task's outputs name: ${first}${others}`
}

async function execute(
  spec: AttemptSpec,
  { run, command }: Body,
  context: AnyContext,
  scratch: Scratch,
): Promise<Performed> {
  if (spec.task.kind === 'script')
    return { failure: await startProgram(spec, scriptWords(spec, context.files), context, scratch) }
  if (run === null) {
    const words = await command?.(context)
    const all = areWords(words) ? [...words, ...parameterWords(spec.task)] : words
    return { failure: await startProgram(spec, all, context, scratch) }
  }
  // It is called in the ranks, not here.
  if (hasRanks(spec))
    return { failure: await ranksOf(spec, { command: null, environment: spec.task.env }, scratch) }
  const returned = await run(context)
  return spec.keepsResult ? performed(returnedAs(returned)) : { failure: null }
}

function performed(returned: Returned): Performed {
  return 'failure' in returned ? returned : { failure: null, result: returned.result }
}

/** Starts a program, or one in each rank. */
async function startProgram(
  spec: AttemptSpec,
  command: unknown,
  context: AnyContext,
  scratch: Scratch,
): Promise<string | null> {
  if (!areWords(command)) return notWords(command)
  const environment = commandEnvironment(spec, context.files, context.scratch)
  if (hasRanks(spec)) return await ranksOf(spec, { command, environment }, scratch)
  return await runCommand({ command, environment, cwd: spec.cwd })
}

function ranksOf(
  spec: RanksSpec,
  what: Pick<RanksOptions, 'command' | 'environment'>,
  scratch: Scratch,
): Promise<string | null> {
  return runRanks({ ...what, spec, base: process.env, scratch: () => scratch.folder })
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
