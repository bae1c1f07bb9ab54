export type { OdopConfig } from './config/options.ts'
export { defineConfig } from './config/options.ts'
export type { Parameters } from './core/model.ts'
export type {
  PolicyFunction,
  PolicyItem,
  PolicyNode,
  PolicyPlacement,
  PolicyQuestion,
  PolicyTask,
} from './core/policies/question.ts'
export { definePolicy } from './policy/define.ts'
export type { Added } from './program/messages.ts'
export type { AddOptions, Odop } from './program/odop.ts'
export type { MonitorOptions, StartOptions } from './program/options.ts'
export { monitor, runtime, start } from './program/start.ts'
export type { AfterTaskContext, FileTaskContext, SignalTaskContext, TaskContext } from './tasks/context.ts'
export type { ShortOptions } from './tasks/short-forms.ts'
export { background, fileUpdates, forFileInFolder, periodic, runOnce } from './tasks/short-forms.ts'
export type {
  After,
  CommandTaskOptions,
  ContextOf,
  DependsOn,
  Duration,
  FileIn,
  FileInOptions,
  FileTrigger,
  FileUpdated,
  FileUpdatedOptions,
  Signal,
  Size,
  Task,
  TaskOptions,
  TaskTrigger,
  Timer,
} from './tasks/task.ts'
export { after, fileIn, fileUpdated, signal, task, timer } from './tasks/task.ts'
export type { Summary } from './views/summary-schema.ts'
