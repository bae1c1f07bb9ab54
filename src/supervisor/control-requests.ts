import { itemOf } from '../core/ids.ts'
import type { NodeSnapshot, Snapshot, TaskName } from '../core/model.ts'
import { isPaused } from '../core/state.ts'
import { unreachable } from '../core/unreachable.ts'
import type { Attempts } from './attempts.ts'
import type {
  ControlReply,
  ControlRequest,
  LiveNode,
  TasksAddRequest,
  TasksRemoveRequest,
} from './control-protocol.ts'
import { explained } from './explained.ts'
import type { Loop } from './loop.ts'
import type { Recorder } from './recorder.ts'
import { type SignalParts, signalled } from './signals.ts'
import { type WaitParts, waited } from './wait-request.ts'

/** The parts of a running supervisor that requests concern. */
export interface ControlParts extends SignalParts, WaitParts {
  readonly recorder: Recorder
  readonly attempts: Pick<Attempts, 'terminate'>
  readonly loop: Pick<Loop, 'wake' | 'starts'>
  readonly desk: SignalParts['desk'] & WaitParts['desk']
  /** The last look at the nodes; null: there was none. */
  readonly snapshot: () => Snapshot | null
  /** What the trigger of a task waits for. */
  readonly waitsFor: (task: TaskName) => Promise<readonly string[]>
  readonly changeTasks: (request: TasksAddRequest | TasksRemoveRequest) => Promise<ControlReply>
  readonly now: () => number
  /** Its name. */
  readonly run: string
  /** null: nothing of this run is kept. */
  readonly folder: string | null
}

/** What a run does when it is asked by its `control.sock`. `gone`: nobody waits for the answer any more. */
export function answerRequest(
  request: ControlRequest,
  gone: AbortSignal,
  parts: ControlParts,
): ControlReply | Promise<ControlReply> {
  switch (request.type) {
    case 'signal':
      return signalled(request, parts)
    case 'wait':
      return waited(request, parts, gone)
    case 'run':
      return { ok: true, run: parts.run, folder: parts.folder }
    case 'pause':
      pauseHarvest(parts)
      return { ok: true }
    case 'resume':
      resumeHarvest(parts)
      return { ok: true }
    case 'cancel':
      return cancelItem(request.item, parts)
    case 'look':
      return { ok: true, look: { at: parts.now(), nodes: liveNodes(parts.snapshot()) } }
    case 'explain':
      return explained(request, {
        ...parts,
        state: parts.recorder.state,
        snapshot: parts.snapshot(),
        starts: parts.loop.starts(),
        now: parts.now(),
      })
    case 'tasks-add':
    case 'tasks-remove':
      return parts.changeTasks(request)
    default:
      return unreachable(request)
  }
}

type Harvest = Pick<ControlParts, 'recorder' | 'now'> & { readonly loop: Pick<Loop, 'wake'> }

export function pauseHarvest({ recorder, loop, now }: Harvest): void {
  if (isPaused(recorder.state)) return
  recorder.record({ type: 'harvest-paused', at: now() })
  loop.wake()
}

export function resumeHarvest({ recorder, loop, now }: Harvest): void {
  if (!isPaused(recorder.state)) return
  recorder.record({ type: 'harvest-resumed', at: now() })
  loop.wake()
}

const CANCELLED = 'cancelled by the user'

function cancelItem(asked: string, { recorder, attempts, now }: ControlParts): ControlReply {
  const { items, tasks } = recorder.state
  const item = items.get(itemOf(asked))
  if (item === undefined) {
    const known = [...tasks.keys()].some(task => asked.startsWith(`${task}#`))
    const what = known ? 'has ended, or was never queued' : 'is no work item of this run, such as TASK#3'
    return { ok: false, problem: `${JSON.stringify(asked)} ${what}` }
  }
  if (item.runningAs === null)
    recorder.record({ type: 'item-cancelled', at: now(), item: item.id, reason: CANCELLED })
  else attempts.terminate(item.runningAs, { outcome: 'cancelled', reason: CANCELLED })
  return { ok: true }
}

/** An answer of more would cost more than it tells. */
const MOST_CORES = 8192

function liveNodes(snapshot: Snapshot | null): readonly LiveNode[] {
  const nodes = snapshot?.nodes ?? []
  const cores = nodes.reduce((sum, node) => sum + node.cores.length, 0)
  return cores > MOST_CORES ? [] : nodes.map(liveNode)
}

function liveNode({ node, cores }: NodeSnapshot): LiveNode {
  const digits = cores.map(({ foreignShare }) => Math.min(9, Math.max(0, Math.floor(foreignShare * 10))))
  return { node, foreign: digits.join('') }
}
