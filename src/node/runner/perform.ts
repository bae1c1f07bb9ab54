import { parameterWords } from '../../core/parameter-words.ts'
import { areUpToDate, missing, outputsOf } from '../../tasks/outputs.ts'
import type { AnyContext, Task } from '../../tasks/task.ts'
import type { AttemptSpec } from '../agent.ts'
import type { AttemptEnd } from '../keeper/messages.ts'
import { areWords, commandEnvironment, notWords, progressFile, runCommand, scriptWords } from './command.ts'
import { createContext, type Scratch } from './context.ts'
import { setEnvironment } from './environment.ts'
import { errorDetails, errorText } from './error-text.ts'
import { visibleGpus } from './gpus.ts'
import { type ProgressTeller, watchProgressFile } from './progress.ts'
import { hasRanks, type RanksSpec } from './ranks/launch.ts'
import { type RanksOptions, runRanks } from './ranks/run-ranks.ts'
import { type Returned, returnedAs } from './result.ts'
import type { TaskModules } from './task-modules.ts'

export interface PerformOptions {
  readonly modules: TaskModules
  readonly scratch: Scratch
  readonly signal: AbortSignal
  readonly log: (text: string) => void
  readonly progress: ProgressTeller
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
  const body = await bodyOf(spec, modules, options.log)
  if ('failure' in body) return body
  const context = createContext(spec, {
    ...options,
    progress: (fraction, text) => options.progress.report(fraction, text),
  })
  const outputs = await outputsFor(spec, body, context)
  if (outputs === null) return await execute(spec, body, context, options)
  // What an attempt before this one has left may be half of it.
  if (spec.number === 1 && (await areUpToDate(outputs, spec.files)))
    return { failure: null, outputs, upToDate: true }
  const performed = await execute(spec, body, context, options)
  const [first, ...more] = performed.failure === null ? await missing(outputs) : []
  if (first !== undefined) return { failure: notWritten(first, more.length) }
  return spec.keepsResult ? { ...performed, outputs } : performed
}

/** What of a task is called. */
type Body = Pick<Task, 'run' | 'command' | 'outputs'>

/** A script has no module: it is started itself. */
const SCRIPT: Body = { run: null, command: null, outputs: null }

async function bodyOf(
  { task }: AttemptSpec,
  modules: TaskModules,
  log: PerformOptions['log'],
): Promise<Body | { readonly failure: string }> {
  if (task.kind === 'script') return SCRIPT
  const found = await modules.find(task)
  return found.task ?? { failure: notLoaded(task.module, found.error, log) }
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

function notWritten(first: string, more: number): string {
  const others = more === 0 ? '' : ` and ${more} more`
  return `it ended well, but has not written what the task's outputs name: ${first}${others}`
}

type ExecuteOptions = Pick<PerformOptions, 'scratch' | 'progress'>

async function execute(
  spec: AttemptSpec,
  body: Body,
  context: AnyContext,
  options: ExecuteOptions,
): Promise<Performed> {
  if (body.run === null) {
    const words = await wordsOf(spec, body, context)
    return { failure: await startProgram(spec, words, context, options) }
  }
  // It is called in the ranks, not here.
  if (hasRanks(spec)) {
    const failure = await told(context, options, () =>
      ranksOf(spec, { command: null, environment: spec.task.env }, options.scratch),
    )
    return { failure }
  }
  const returned = await body.run(context)
  return spec.keepsResult ? performed(returnedAs(returned)) : { failure: null }
}

async function wordsOf(spec: AttemptSpec, { command }: Body, context: AnyContext): Promise<unknown> {
  if (spec.task.kind === 'script') return scriptWords(spec, context.files)
  const words = await command?.(context)
  return areWords(words) ? [...words, ...parameterWords(spec.task)] : words
}

/** One, or one in each rank. */
async function startProgram(
  spec: AttemptSpec,
  command: unknown,
  context: AnyContext,
  options: ExecuteOptions,
): Promise<string | null> {
  if (!areWords(command)) return notWords(command)
  const environment = commandEnvironment(spec, context.files, context.scratch)
  return await told(context, options, () =>
    hasRanks(spec)
      ? ranksOf(spec, { command, environment }, options.scratch)
      : runCommand({ command, environment, cwd: spec.cwd }),
  )
}

/** Tells how far a program, or a function in ranks, says that it is, for as long as it runs. */
async function told<T>(
  { scratch }: AnyContext,
  { progress }: ExecuteOptions,
  runs: () => Promise<T>,
): Promise<T> {
  const stopWatching = watchProgressFile(progressFile(scratch), ({ fraction, text }) =>
    progress.report(fraction, text),
  )
  try {
    return await runs()
  } finally {
    stopWatching()
  }
}

function performed(returned: Returned): Performed {
  return 'failure' in returned ? returned : { failure: null, result: returned.result }
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
