import { parameterWords } from '../../core/parameter-words.ts'
import type { FileTaskContext } from '../../tasks/context.ts'
import type { AttemptSpec } from '../agent.ts'
import { areWords, commandEnvironment, notWords, progressFile, runCommand, scriptWords } from './command.ts'
import { createContext, type Scratch } from './context.ts'
import { setEnvironment } from './environment.ts'
import { errorDetails, errorText } from './error-text.ts'
import { visibleGpus } from './gpus.ts'
import { type ProgressTeller, watchProgressFile } from './progress.ts'
import { hasRanks, type RanksSpec } from './ranks/launch.ts'
import { type RanksOptions, runRanks } from './ranks/run-ranks.ts'
import type { TaskModules } from './task-modules.ts'

export interface PerformOptions {
  readonly modules: TaskModules
  readonly scratch: Scratch
  readonly signal: AbortSignal
  readonly log: (text: string) => void
  readonly progress: ProgressTeller
}

/** Calls the task's function, or executes its command. Returns why it failed, or null; rejects with what it throws. */
export async function perform(spec: AttemptSpec, options: PerformOptions): Promise<string | null> {
  const unusable = enter(spec.cwd)
  if (unusable !== null) return unusable
  const gpus = spec.gpus === undefined ? {} : visibleGpus(spec.gpus)
  const restore = setEnvironment({ ...gpus, ...spec.task.env })
  try {
    return await call(spec, options)
  } finally {
    restore()
  }
}

async function call(spec: AttemptSpec, { modules, ...options }: PerformOptions): Promise<string | null> {
  const { progress } = options
  const context = createContext(spec, {
    ...options,
    progress: (fraction, text) => progress.report(fraction, text),
  })
  if (spec.task.kind === 'script')
    return await execute(spec, scriptWords(spec, context.files), context, options)
  const found = await modules.find(spec.task)
  if (found.task === null) return notLoaded(spec.task.module, found.error, options.log)
  const { run, command } = found.task
  if (run === null) {
    const words = await command?.(context)
    const all = areWords(words) ? [...words, ...parameterWords(spec.task)] : words
    return await execute(spec, all, context, options)
  }
  // It is called in the ranks, not here.
  if (hasRanks(spec))
    return await ranksOf(spec, { command: null, environment: spec.task.env }, options.scratch)
  await run(context)
  return null
}

/** Starts a program, or one in each rank. */
async function execute(
  spec: AttemptSpec,
  command: unknown,
  context: FileTaskContext,
  { scratch, progress }: Pick<PerformOptions, 'scratch' | 'progress'>,
): Promise<string | null> {
  if (!areWords(command)) return notWords(command)
  const environment = commandEnvironment(spec, context.files, context.scratch)
  const stopWatching = watchProgressFile(progressFile(context.scratch), told =>
    progress.report(told.fraction, told.text),
  )
  try {
    if (hasRanks(spec)) return await ranksOf(spec, { command, environment }, scratch)
    return await runCommand({ command, environment, cwd: spec.cwd })
  } finally {
    stopWatching()
  }
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
