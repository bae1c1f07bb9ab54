import type { FoundFiles } from '../cluster/messages.ts'
import type { OdopEvent } from '../core/events.ts'
import { itemId, taskOf } from '../core/ids.ts'
import type { FilePath, NodeName, TaskDefinition, TaskName } from '../core/model.ts'
import { nextReadyAt } from '../core/queue.ts'
import { itemsLeft, seenFiles, type TaskState, type View } from '../core/run-state.ts'
import { seenOn } from '../core/seen.ts'
import { startTrigger } from '../triggers/start-trigger.ts'
import type { Fired, TriggerContext, TriggerSource } from '../triggers/trigger-source.ts'
import type { Agents } from './agents.ts'
import { NodeFiles } from './node-files.ts'
import { OutputChecks } from './output-checks.ts'
import type { Recorder } from './recorder.ts'

/** All triggers of a run: what they fire becomes queued work items. */
export interface TriggerDesk {
  /** Starts watching for every task. Never rejects: a trigger that can't be started is noted. */
  open(tasks: readonly TaskDefinition[]): Promise<void>
  /** Stops watching for a task that was removed. Other nodes go on watching, and what they find is passed over. */
  remove(task: TaskName): void
  /** An agent has found files on its node. */
  found(node: NodeName, found: FoundFiles): void
  /** A signal has come: what of it was queued, or why nothing was. */
  signalled(name: string, files: readonly FilePath[]): SignalOutcome
  /** Names of signals for which there are tasks. */
  signals(): readonly string[]
  /** Looks at all folders of this node once more, now. */
  look(): Promise<void>
  /** Files of the task are known that are not complete, or its folder has not been looked at yet. */
  isBusy(task: TaskName): boolean
  /** See `Snapshot.incoming`; empty where nothing depends on it. */
  incoming(): ReadonlySet<TaskName>
  /** The application has ended: timers and background tasks stop, files are still seen. */
  applicationEnded(): void
  /** One last look at all folders, so that nothing that was written before now is missed. */
  flush(options: { readonly incompleteBatches: boolean }): Promise<void>
  close(): Promise<void>
}

export type SignalOutcome =
  | { readonly kind: 'queued' }
  /** No task has a trigger of this name. */
  | { readonly kind: 'unknown' }
  /** The tasks take no more (`maxRuns`). */
  | { readonly kind: 'full'; readonly tasks: readonly TaskName[] }

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
  const sources = new Map<TaskName, TriggerSource>()
  const checks = new OutputChecks({ cwd: options.cwd, checked: queue })
  const nodeFiles = new NodeFiles(recorder.state, fire)
  let applicationRuns = true
  let closed = false

  recorder.listen(event => {
    const name = completedTask(event)
    const known = name === null ? undefined : recorder.state.tasks.get(name)
    for (const name of known?.successors ?? []) fireCompletions(name)
    const task = known?.definition
    if (task?.trigger.kind === 'background') fire({ task: task.name, files: [], version: null }, null)
  })

  return {
    async open(tasks) {
      await Promise.all(tasks.map(openOne))
      // What has completed before is for them, too.
      for (const { name } of tasks) fireCompletions(name)
    },
    remove(name) {
      void sources
        .get(name)
        ?.close()
        .catch(() => {})
      sources.delete(name)
    },
    found(node, found) {
      if (!closed) nodeFiles.found(node, found)
    },
    signalled(name, files) {
      const tasks = tasksOf(name)
      if (tasks.length === 0) return { kind: 'unknown' }
      const queued = tasks.filter(task => fire({ task, files, version: null }, null))
      return queued.length > 0 ? { kind: 'queued' } : { kind: 'full', tasks }
    },
    signals: () => [
      ...new Set(definitions().flatMap(({ trigger }) => (trigger.kind === 'signal' ? [trigger.name] : []))),
    ],
    async look() {
      await Promise.all([...sources.values()].map(source => source.look?.()))
    },
    isBusy,
    incoming() {
      if (!definitions().some(({ dependsOn }) => dependsOn)) return NOTHING
      return new Set(definitions().flatMap(({ name }) => (isBusy(name) ? [name] : [])))
    },
    applicationEnded() {
      applicationRuns = false
    },
    async flush({ incompleteBatches }) {
      const here = [...sources.values()].map(source => source.flush({ incompleteBatches }))
      await Promise.all([...here, options.agents.flush()])
      if (incompleteBatches && !closed) nodeFiles.flush()
      await checks.idle()
    },
    async close() {
      closed = true
      await Promise.all([...sources.values()].map(source => source.close()))
    },
  }

  async function openOne(task: TaskDefinition): Promise<void> {
    const seen = seenFiles(recorder.state, task.name)
    if (!isOnEachNode(task.trigger)) return openHere(task, seen, null)
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
    else sources.set(task.name, source)
  }

  function definitions(): TaskDefinition[] {
    return [...recorder.state.tasks.values()].flatMap(({ definition }) => definition ?? [])
  }

  function tasksOf(signal: string): TaskName[] {
    return definitions().flatMap(({ name, trigger }) =>
      trigger.kind === 'signal' && trigger.name === signal ? [name] : [],
    )
  }

  /** Before its folder is watched nobody knows what is in it. */
  function isBusy(name: TaskName): boolean {
    if (checks.isBusy(name)) return true
    const trigger = recorder.state.tasks.get(name)?.definition?.trigger
    if (trigger?.kind !== 'file-in' && trigger?.kind !== 'file-updated') return false
    const source = sources.get(name)
    return source === undefined ? options.node !== null || !isOnEachNode(trigger) : source.isBusy?.() === true
  }

  /** An item for each completion of the task that this one comes after. */
  function fireCompletions(task: TaskName): void {
    const { completions, definition } = recorder.state.tasks.get(task) ?? {}
    if (closed || completions === undefined || definition == null) return
    for (const { item, files, node } of [...completions.values()]) {
      if (checks.has(task, item)) continue
      if (!fire({ task, files, version: null, after: item }, node)) return
    }
  }

  /** False: the task takes nothing more. */
  function fire(fired: Fired, node: NodeName | null): boolean {
    const known = recorder.state.tasks.get(fired.task)
    if (!known?.definition) return false
    const { definition } = known
    const needsApplication = definition.trigger.kind === 'timer' || definition.trigger.kind === 'background'
    if (needsApplication && !applicationRuns) return false
    // What an earlier launch left of a background task still runs: together they are as many as were asked for.
    if (definition.trigger.kind === 'background' && itemsLeft(known) >= (definition.replicas ?? 1))
      return false
    // A timer must not pile up: an item that still waits for a core stands for the periods that pass meanwhile.
    if (
      definition.trigger.kind === 'timer' &&
      (nextReadyAt(recorder.state, known) ?? Number.POSITIVE_INFINITY) <= now()
    )
      return false
    if (isFull(known)) return false
    const isHere = node === null || node === options.node
    if (!isHere || !checks.add(fired, node, definition)) queue(fired, node, null)
    return true
  }

  /** @param outputs the item is done, because these are there; null: it is not */
  function queue(fired: Fired, node: NodeName | null, outputs: readonly FilePath[] | null): void {
    const known = recorder.state.tasks.get(fired.task)
    if (closed || known === undefined || isFull(known)) return
    const id = itemId(fired.task, known.queued + 1)
    recorder.record({
      type: 'item-queued',
      at: now(),
      item: {
        id,
        task: fired.task,
        files: fired.files,
        version: fired.version,
        node,
        ...(fired.after === undefined ? {} : { after: fired.after }),
        queuedAt: now(),
      },
    })
    if (outputs === null) options.onQueued()
    else recorder.record({ type: 'item-completed', at: now(), item: id, outputs })
  }
}

/** The task of which an item has just completed. */
function completedTask(event: OdopEvent): TaskName | null {
  if (event.type === 'item-completed') return taskOf(event.item)
  return event.type === 'attempt-ended' && event.outcome === 'completed' ? event.task : null
}

function isFull({ definition, queued }: View<TaskState>): boolean {
  return definition?.maxRuns != null && queued >= definition.maxRuns
}

const NOTHING: ReadonlySet<TaskName> = new Set()

function isOnEachNode(trigger: TaskDefinition['trigger']): boolean {
  return (trigger.kind === 'file-in' || trigger.kind === 'file-updated') && trigger.on === 'each-node'
}
