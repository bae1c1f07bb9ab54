import type { FilePath, ItemId, TaskDefinition, TaskName } from '../core/model.ts'

/** Watches for one task. Calls `fire` for each work item to queue; never throws after it was started. */
export interface TriggerSource {
  /** Looks once more at everything (a last scan when the application has ended); resolves when all that is complete has fired. */
  flush(options: { readonly incompleteBatches: boolean }): Promise<void>
  /**
   * What has to happen before the next work item is queued, as a user should read it: "data/a.bin is not complete: …". Missing: its
   * definition says all about it.
   */
  waitsFor?(): Promise<readonly string[]>
  /** Looks at all folders now, without waiting for files to become complete. Missing: there are none. */
  look?(): Promise<void>
  /** It knows of files that are not complete yet, or has not looked at everything once. Missing: it never does. */
  isBusy?(): boolean
  close(): Promise<void>
}

export interface TriggerContext {
  readonly task: TaskDefinition
  /** Relative folders of triggers are below this one. */
  readonly cwd: string
  /** Files (`file-in`) or `path\0version` (`file-updated`) that already have a work item in this run: they do not fire again. */
  readonly seen: Pick<ReadonlySet<string>, 'has'>
  fire(fired: Fired): void
  warn(text: string): void
}

export interface Fired {
  readonly task: TaskName
  readonly files: readonly FilePath[]
  readonly version: string | null
  /** As `WorkItem.after`. */
  readonly after?: ItemId
}
