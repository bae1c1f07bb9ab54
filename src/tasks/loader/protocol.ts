import type { TaskDefinition } from '../../core/model.ts'
import type { TaskProblem } from '../loaded.ts'

/** What a loader child is to do: a JSON document on its stdin. */
export type LoaderRequest =
  | {
      readonly kind: 'tasks'
      /** Absolute, loaded one after the other. */
      readonly files: readonly string[]
      /** Those of them that are no modules, but scripts with directives. */
      readonly scripts: readonly string[]
      readonly settleSeconds: number
      /** An application runs meanwhile: only idle cores are used. */
      readonly inBackground: boolean
    }
  | { readonly kind: 'configuration'; readonly file: string }

/** What it reports: one JSON document a line on `REPORT_FD`, written at once, so that nothing is lost if it is killed. */
export type LoaderReport =
  | { readonly type: 'begin'; readonly file: string }
  /** The module of the last `begin` was loaded, or can't be. */
  | {
      readonly type: 'module'
      readonly tasks: readonly FoundTask[]
      readonly problems: readonly TaskProblem[]
    }
  | { readonly type: 'configuration'; readonly value: unknown }
  /** The module of the last `begin`, or code that an earlier one left running, did what ends the loader. */
  | { readonly type: 'problem'; readonly problem: TaskProblem }
  /** It waits to be killed. */
  | { readonly type: 'stopped'; readonly because: 'done' | 'exit' }

export interface FoundTask {
  readonly definition: TaskDefinition
  readonly line: number | null
}

export const REPORT_FD = 3
