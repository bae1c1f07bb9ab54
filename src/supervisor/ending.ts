import { dependencyText } from '../core/dependencies.ts'
import { neverFits } from '../core/fit.ts'
import type { NodeName } from '../core/model.ts'
import type { RunState, TaskState } from '../core/state.ts'
import type { Attempts } from './attempts.ts'
import type { Loop } from './loop.ts'
import type { Recorder } from './recorder.ts'
import type { TriggerDesk } from './trigger-desk.ts'
import { orAborted } from './within.ts'

/** The parts of a running supervisor that its end concerns. */
export interface EndingParts {
  readonly recorder: Recorder
  readonly loop: Loop
  readonly attempts: Attempts
  readonly desk: TriggerDesk
  /** Whether what is bound to the node may still start in this launch. */
  readonly mayRunOn: (node: NodeName) => boolean
  readonly graceSeconds: number
  readonly now: () => number
}

/** Background tasks end with the application: what of them runs or is pending would keep a drain going for ever. */
export function endBackground({ recorder, attempts, now }: EndingParts): void {
  const reason = 'the application has ended'
  for (const item of [...recorder.state.items.values()]) {
    // One of a task that was removed has only the definition that it was started with.
    const running = item.runningAs === null ? undefined : recorder.state.running.get(item.runningAs)
    const definition = recorder.state.tasks.get(item.task)?.definition ?? running?.definition
    if (definition?.trigger.kind !== 'background') continue
    if (item.runningAs !== null) attempts.terminate(item.runningAs, { outcome: 'cancelled', reason })
    else recorder.record({ type: 'item-cancelled', at: now(), item: item.id, reason })
  }
}

/** How long the last look at the folders may take when nothing is drained. */
const LAST_LOOK_SECONDS = 5

/**
 * Finishes the queue: until nothing that can run is pending, and what the last attempts have written has been seen too.
 * Ends early when `stop` aborts (a signal, or the limit); what is left then is for `odop drain`.
 */
export async function drain(parts: EndingParts, stop: AbortSignal): Promise<void> {
  await lookOnceMore(parts, stop)
  parts.loop.wake()
  while (!stop.aborted) {
    await whenWorkedOff(parts, stop)
    if (stop.aborted) return
    // Outputs of the last attempts may be inputs of other tasks.
    await lookOnceMore(parts, stop)
    if (workedOff(parts)) return
    parts.loop.wake()
  }
}

/** `atOnce`: without a grace; default: false. */
export interface EndOfAttempts {
  readonly reason: string
  readonly atOnce?: boolean
}

/** Ends what runs (those items are pending again), and takes a last look so that nothing that was written is lost. */
export async function endAttempts(
  parts: EndingParts,
  { reason, atOnce = false }: EndOfAttempts,
): Promise<void> {
  parts.loop.pauseStarting()
  parts.attempts.endAll(reason, atOnce)
  const stop = AbortSignal.timeout((parts.graceSeconds + 5) * 1000)
  const lastLook = lookOnceMore(parts, AbortSignal.timeout(LAST_LOOK_SECONDS * 1000))
  await whenever(parts.recorder, stop, () => parts.recorder.state.running.size === 0)
  await lastLook
}

/** A file system that does not answer must not keep odop: `stop` ends the look, too. */
async function lookOnceMore({ desk }: EndingParts, stop: AbortSignal): Promise<void> {
  await orAborted(stop, desk.flush({ incompleteBatches: true }))
}

function whenWorkedOff(parts: EndingParts, stop: AbortSignal): Promise<void> {
  return whenever(parts.recorder, stop, () => workedOff(parts))
}

/**
 * Nothing runs, and nothing is pending that could ever run in this launch. When nothing runs and nothing else can start, nobody
 * will release what waits for other tasks.
 */
function workedOff({ recorder: { state }, desk, mayRunOn }: EndingParts): boolean {
  if (state.running.size > 0) return false
  const incoming = desk.incoming()
  for (const task of state.tasks.values()) {
    if (dependencyText(state, task, incoming) !== null) continue
    if (task.queue.length > 0 && fitsSomewhere(state, task, [...state.nodes.keys()])) return false
    for (const [node, { queue }] of task.bound) {
      if (queue.length > 0 && mayRunOn(node) && fitsSomewhere(state, task, [node])) return false
    }
  }
  return true
}

/** Also where it is not known yet, because the node has not joined. */
function fitsSomewhere(state: RunState, { definition }: TaskState, names: readonly NodeName[]): boolean {
  const nodes = names.flatMap(name => state.nodes.get(name) ?? [])
  return definition !== null && neverFits(definition, nodes, state.settings) === null
}

/** Resolves when the condition holds after some event, or `stop` aborts. */
async function whenever(recorder: Recorder, stop: AbortSignal, condition: () => boolean): Promise<void> {
  if (condition()) return
  let unlisten = () => {}
  const holds = new Promise<void>(resolve => {
    unlisten = recorder.listen(() => {
      if (condition()) resolve()
    })
  })
  await orAborted(stop, holds)
  unlisten()
}
