import type { Action } from '../actions.ts'
import type { AttemptId, AttemptSample, NodeFacts, NodeSnapshot, Snapshot } from '../model.ts'
import { applicationRuns, type NodeLoad, type RunningAttempt, type RunView, type View } from '../run-state.ts'
import { formatSize } from '../units.ts'

type Terminate = Extract<Action, { type: 'terminate' }>

/**
 * Keeps the reserve free: where it is touched, attempts are ended, the youngest first, until there is room again. At
 * once, because in a grace they would only take more; that holds for those that are in their grace already, too. What is
 * being ended counts as given back, so that not all are ended while the kernel still frees the memory of the first one.
 *
 * @param ending attempts whose end was decided in this very call
 */
export function guardMemory(
  state: RunView,
  snapshot: Snapshot,
  ending: ReadonlySet<AttemptId> = new Set(),
): Terminate[] {
  const actions: Terminate[] = []
  const ended = new Set(ending)
  for (const look of snapshot.nodes) {
    const load = state.loads.get(look.node)
    const facts = state.nodes.get(look.node)
    if (look.availableMemoryBytes > 0 || load === undefined || facts === undefined) continue
    const stays = ({ attempt }: { readonly attempt: AttemptId }) =>
      load.attempts.has(attempt) && !state.terminating.has(attempt) && !ended.has(attempt)
    for (const action of endUntilRoom(state, { look, load, facts, stays })) {
      // One that has several nodes may be ended in its grace on each of them.
      if (!actions.some(({ attempt }) => attempt === action.attempt)) actions.push(action)
      ended.add(action.attempt)
    }
  }
  return actions
}

interface ShortNode {
  readonly look: NodeSnapshot
  readonly load: View<NodeLoad>
  readonly facts: View<NodeFacts>
  /** Not ended since the look, nor being ended. */
  readonly stays: (attempt: { readonly attempt: AttemptId }) => boolean
}

function endUntilRoom(state: RunView, node: ShortNode): Terminate[] {
  const { look, load, stays } = node
  const samples = new Map(look.attempts.map(sample => [sample.attempt, sample]))
  const actions: Terminate[] = endGraces(state, load)
  let room = look.availableMemoryBytes
  for (const sample of look.attempts) if (!stays(sample)) room += sample.memoryBytes
  for (const attempt of youngestFirst(load, stays)) {
    if (room > 0) break
    const sample = samples.get(attempt.attempt)
    actions.push(endOf(state, node, attempt, sample))
    room += sample?.memoryBytes ?? 0
  }
  return actions
}

/** The engine knows who has a grace, and leaves the others alone. */
function endGraces(state: RunView, load: View<NodeLoad>): Terminate[] {
  const graced = [...load.attempts.keys()].filter(attempt => state.terminating.has(attempt))
  const reason = 'memory is short'
  return graced.map(attempt => ({ type: 'terminate', attempt, outcome: 'requeued', reason, forMemory: true }))
}

function youngestFirst(load: View<NodeLoad>, stays: ShortNode['stays']): View<RunningAttempt>[] {
  // Of those that were started in one call the last one started counts as the youngest.
  const attempts = [...load.attempts.values()].filter(stays).reverse()
  return attempts.sort((a, b) => b.startedAt - a.startedAt)
}

function endOf(
  state: RunView,
  { look, facts }: ShortNode,
  { attempt, definition }: View<RunningAttempt>,
  sample: AttemptSample | undefined,
): Terminate {
  const used = sample?.memoryBytes ?? 0
  const most = sample?.mostRoomBytes ?? Number.POSITIVE_INFINITY
  // With a limit of its own it was given the room that it may use: then it is the application that has grown.
  if (definition?.memoryBytes == null && used >= NEARLY_ALL * most) {
    const beside = applicationRuns(state) ? ' beside the application' : ''
    const all = `${formatSize(most)} that all attempts together may have${beside}`
    const reason = `needs more memory than the ${all}: it had taken ${formatSize(used)}`
    return { type: 'terminate', attempt, outcome: 'failed', reason, forMemory: true }
  }
  const why = applicationRuns(state) ? 'the application needs the memory' : 'memory is short'
  const reason = `${why}: ${inUseText(state, look, facts)}; this attempt, the youngest, used ${formatSize(used)}`
  return { type: 'terminate', attempt, outcome: 'requeued', reason, forMemory: true }
}

/** The kernel needs some memory for what it gives, and what others use goes up and down a little. */
const NEARLY_ALL = 0.9

function inUseText(state: RunView, look: NodeSnapshot, { memoryLimitBytes }: View<NodeFacts>): string {
  const reserve = state.settings.memoryReserveBytes
  const inUse = Math.max(0, memoryLimitBytes - reserve - look.availableMemoryBytes)
  const ofAll = `${formatSize(Math.min(inUse, memoryLimitBytes))} of ${formatSize(memoryLimitBytes)} are in use`
  return reserve === 0 ? ofAll : `${ofAll}, and ${formatSize(reserve)} are to stay free`
}
