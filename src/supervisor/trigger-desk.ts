import type { TaskDefinition } from '../core/model.ts'
import { nextReadyAt } from '../core/queue.ts'
import { itemsLeft } from '../core/run-state.ts'
import { startTrigger } from '../triggers/start-trigger.ts'
import type { Fired, TriggerSource } from '../triggers/trigger-source.ts'
import type { Recorder } from './recorder.ts'

/** All triggers of a run: what they fire becomes queued work items. */
export interface TriggerDesk {
  /** Starts watching for every task. Never rejects: a trigger that can't be started is noted. */
  open(tasks: readonly TaskDefinition[]): Promise<void>
  /** The application has ended: timers and background tasks stop, files are still seen. */
  applicationEnded(): void
  /** One last look at all folders, so that nothing that was written before now is missed. */
  flush(options: { readonly incompleteBatches: boolean }): Promise<void>
  close(): Promise<void>
}

export interface TriggerDeskOptions {
  readonly recorder: Recorder
  readonly cwd: string
  readonly now: () => number
  /** Called when something was queued. */
  readonly onQueued: () => void
}

export function openTriggerDesk(options: TriggerDeskOptions): TriggerDesk {
  const { recorder, now } = options
  const sources: { task: TaskDefinition; source: TriggerSource }[] = []
  let applicationRuns = true

  recorder.listen(event => {
    if (event.type !== 'attempt-ended' || event.outcome !== 'completed') return
    const task = recorder.state.tasks.get(event.task)?.definition
    if (task?.trigger.kind === 'background') fire({ task: task.name, files: [], version: null })
  })

  return {
    async open(tasks) {
      await Promise.all(tasks.map(openOne))
    },
    applicationEnded() {
      applicationRuns = false
    },
    async flush({ incompleteBatches }) {
      await Promise.all(sources.map(({ source }) => source.flush({ incompleteBatches })))
    },
    async close() {
      await Promise.all(sources.map(({ source }) => source.close()))
    },
  }

  async function openOne(task: TaskDefinition): Promise<void> {
    const source = await startTrigger({
      task,
      cwd: options.cwd,
      seen: recorder.state.tasks.get(task.name)?.seen ?? new Set(),
      fire,
      warn: text => recorder.note('warning', `${task.name}: ${text}`),
    })
    sources.push({ task, source })
  }

  function fire(fired: Fired): void {
    const known = recorder.state.tasks.get(fired.task)
    if (!known?.definition) return
    const { definition } = known
    const needsApplication = definition.trigger.kind === 'timer' || definition.trigger.kind === 'background'
    if (needsApplication && !applicationRuns) return
    // What an earlier launch left of a background task still runs: together they are as many as were asked for.
    if (definition.trigger.kind === 'background' && itemsLeft(known) >= (definition.replicas ?? 1)) return
    // A timer must not pile up: an item that still waits for a core stands for the periods that pass meanwhile.
    if (definition.trigger.kind === 'timer' && (nextReadyAt(known) ?? Number.POSITIVE_INFINITY) <= now())
      return
    if (definition.maxRuns !== null && known.queued >= definition.maxRuns) return
    recorder.record({
      type: 'item-queued',
      at: now(),
      item: {
        id: `${fired.task}#${known.queued + 1}`,
        task: fired.task,
        files: fired.files,
        version: fired.version,
        queuedAt: now(),
      },
    })
    options.onQueued()
  }
}
