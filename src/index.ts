export type { OdopConfig } from './config/options.ts'
export { defineConfig } from './config/options.ts'
export type {
  PolicyFunction,
  PolicyItem,
  PolicyNode,
  PolicyPlacement,
  PolicyQuestion,
  PolicyTask,
} from './core/policies/question.ts'
export { definePolicy } from './policy/define.ts'
export type { AfterTaskContext, FileTaskContext, SignalTaskContext, TaskContext } from './tasks/context.ts'
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
