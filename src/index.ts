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
export type { FileTaskContext, TaskContext } from './tasks/context.ts'
export type {
  CommandTaskOptions,
  ContextOf,
  Duration,
  FileIn,
  FileInOptions,
  FileTrigger,
  FileUpdated,
  FileUpdatedOptions,
  Size,
  Task,
  TaskOptions,
  TaskTrigger,
  Timer,
} from './tasks/task.ts'
export { fileIn, fileUpdated, task, timer } from './tasks/task.ts'
