import type { FoundFiles } from '../cluster/messages.ts'
import type { NodeName, TaskDefinition, TaskName } from '../core/model.ts'
import { nextReadyAt } from '../core/queue.ts'
import { itemsLeft, seenFiles } from '../core/run-state.ts'
import { seenOn } from '../core/seen.ts'
import { startTrigger } from '../triggers/start-trigger.ts'
import type { Fired, TriggerContext, TriggerSource } from '../triggers/trigger-source.ts'
import type { Agents } from './agents.ts'
import { NodeFiles } from './node-files.ts'
import type { Recorder } from './recorder.ts'

/** All triggers of a run: what they fire becomes queued work items. */
export interface TriggerDesk {
  /** Starts watching for every task. Never rejects: a trigger that can't be started is noted. */
  open(tasks: readonly TaskDefinition[]): Promise<void>
  /** What has to happen before a task gets its next work item, as a user should read it; empty: its definition says all about it. */
  waitsFor(task: TaskName): Promise<readonly string[]>
  /** Stops watching for a task that was removed. Other nodes go on watching, and what they find is passed over. */
  remove(task: TaskName): void
  /** An agent has found files on its node. */
  found(node: NodeName, found: FoundFiles): void
  /** The application has ended: timers and background tasks stop, files are still seen. */
  applicationEnded(): void
  /** One last look at all folders, so that nothing that was written before now is missed. */
  flush(options: { readonly incompleteBatches: boolean }): Promise<void>
  close(): Promise<void>
}

export interface TriggerDeskOptions {
  readonly recorder: Recorder
  readonly cwd: string
  /** This node; null: it is not one of the allocation. */
  readonly node: NodeName | null
  /** The other nodes. */
  readonly agents: Pick<Agents, 'watch' | 'flush'>
  readonly now: () => number
  /** Called when something was queued. */
  readonly onQueued: () => void
}

export function openTriggerDesk(options: TriggerDeskOptions): TriggerDesk {
  const { recorder, now } = options
  let sources: { task: TaskDefinition; source: TriggerSource }[] = []
  const nodeFiles = new NodeFiles(recorder.state, fire)
  let applicationRuns = true
  let closed = false

  recorder.listen(event => {
    if (event.type !== 'attempt-ended' || event.outcome !== 'completed') return
    const task = recorder.state.tasks.get(event.task)?.definition
    if (task?.trigger.kind === 'background') fire({ task: task.name, files: [], version: null }, null)
  })

  return {
    async open(tasks) {
      await Promise.all(tasks.map(openOne))
    },
    async waitsFor(task) {
      const own = closed ? [] : sources.filter(each => each.task.name === task)
      const texts = await Promise.all(own.map(async ({ source }) => (await source.waitsFor?.()) ?? []))
      const ended = own.some(each => needsApplication(each.task)) && !applicationRuns
      return ended ? ['the application has ended'] : texts.flat()
    },
    remove(name) {
      for (const { task, source } of sources) if (task.name === name) void source.close().catch(() => {})
      sources = sources.filter(({ task }) => task.name !== name)
    },
    found(node, found) {
      if (!closed) nodeFiles.found(node, found)
    },
    applicationEnded() {
      applicationRuns = false
    },
    async flush({ incompleteBatches }) {
      const here = sources.map(({ source }) => source.flush({ incompleteBatches }))
      await Promise.all([...here, options.agents.flush()])
      if (incompleteBatches && !closed) nodeFiles.flush()
    },
    async close() {
      closed = true
      await Promise.all(sources.map(({ source }) => source.close()))
    },
  }

  async function openOne(task: TaskDefinition): Promise<void> {
    const seen = seenFiles(recorder.state, task.name)
    if (!isOnEachNode(task)) return openHere(task, seen, null)
    options.agents.watch({ task, cwd: options.cwd })
    if (options.node !== null) await openHere(task, seenOn(seen, options.node), options.node)
  }

  /** @param node to which its items are bound; null: to none */
  async function openHere(
    task: TaskDefinition,
    seen: TriggerContext['seen'],
    node: NodeName | null,
  ): Promise<void> {
    const source = await startTrigger({
      task,
      cwd: options.cwd,
      seen,
      fire: fired => fire(fired, node),
      warn: text => recorder.note('warning', `${task.name}: ${text}`),
    })
    // Either may have happened while it was started.
    if (closed || recorder.state.removed.has(task.name)) await source.close()
    else sources.push({ task, source })
  }

  function fire(fired: Fired, node: NodeName | null): void {
    const known = recorder.state.tasks.get(fired.task)
    if (!known?.definition) return
    const { definition } = known
    if (needsApplication(definition) && !applicationRuns) return
    // What an earlier launch left of a background task still runs: together they are as many as were asked for.
    if (definition.trigger.kind === 'background' && itemsLeft(known) >= (definition.replicas ?? 1)) return
    // A timer must not pile up: an item that still waits for a core stands for the periods that pass meanwhile.
    if (
      definition.trigger.kind === 'timer' &&
      (nextReadyAt(recorder.state, known) ?? Number.POSITIVE_INFINITY) <= now()
    )
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
        node,
        queuedAt: now(),
      },
    })
    options.onQueued()
  }
}

function needsApplication({ trigger }: TaskDefinition): boolean {
  return trigger.kind === 'timer' || trigger.kind === 'background'
}

function isOnEachNode({ trigger }: TaskDefinition): boolean {
  return (trigger.kind === 'file-in' || trigger.kind === 'file-updated') && trigger.on === 'each-node'
}
