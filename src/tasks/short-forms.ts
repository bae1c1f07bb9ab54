import type { Parameters } from '../core/model.ts'
import {
  type ContextOf,
  type Duration,
  type FileIn,
  type FileInOptions,
  type FileUpdated,
  type FileUpdatedOptions,
  fileIn,
  fileUpdated,
  type Task,
  type TaskOptions,
  type Timer,
  task,
  timer,
} from './task.ts'

/** The parameters of a task whose trigger follows from the short form. */
export type ShortOptions<P extends Parameters = Parameters> = Omit<TaskOptions<undefined, P>, 'trigger'>

/** `task({ trigger: fileIn(folder, …), … }, run)`: the options of both in one object. */
export function forFileInFolder<P extends Parameters = Parameters>(
  folder: string,
  options: ShortOptions<P> & FileInOptions,
  run: (context: ContextOf<FileIn, P>) => unknown,
): Task {
  const [of, rest] = apart(options, ['filter', 'batchSize', 'recursive', 'flush', 'settle', 'on'])
  return task({ ...rest, trigger: fileIn(folder, of) }, run as never)
}

/** `task({ trigger: fileUpdated(path, …), … }, run)` */
export function fileUpdates<P extends Parameters = Parameters>(
  path: string,
  options: ShortOptions<P> & FileUpdatedOptions,
  run: (context: ContextOf<FileUpdated, P>) => unknown,
): Task {
  const [of, rest] = apart(options, ['filter', 'recursive', 'settle', 'on'])
  return task({ ...rest, trigger: fileUpdated(path, of) }, run as never)
}

/** `task({ trigger: timer(every), … }, run)` */
export function periodic<P extends Parameters = Parameters>(
  every: Duration,
  options: ShortOptions<P>,
  run: (context: ContextOf<Timer, P>) => unknown,
): Task {
  return task({ ...options, trigger: timer(every) } as TaskOptions, run as never)
}

/** A background task of which one work item is carried out in a run. */
export function runOnce<P extends Parameters = Parameters>(
  options: Omit<ShortOptions<P>, 'maxRuns'>,
  run: (context: ContextOf<undefined, P>) => unknown,
): Task {
  return task({ ...options, maxRuns: 1 } as TaskOptions, run as never)
}

/** A task without a trigger: started again whenever it has ended, as long as the application runs. */
export function background<P extends Parameters = Parameters>(
  options: ShortOptions<P>,
  run: (context: ContextOf<undefined, P>) => unknown,
): Task {
  return task(options as TaskOptions, run as never)
}

/** The named options, and the others. Whatever was given instead of options is refused where the task is checked. */
function apart<O extends object, K extends keyof O>(
  options: O,
  names: readonly K[],
): [Pick<O, K>, Omit<O, K>] {
  const entries = Object.entries(options ?? {})
  const isNamed = ([name]: [string, unknown]) => names.includes(name as K)
  return [
    Object.fromEntries(entries.filter(isNamed)) as Pick<O, K>,
    Object.fromEntries(entries.filter(entry => !isNamed(entry))) as Omit<O, K>,
  ]
}
