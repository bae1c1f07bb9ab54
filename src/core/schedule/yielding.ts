import type { Action } from '../actions.ts'
import type { AttemptId, CoreId, CoreState, HeldBack, NodeName, NodeSnapshot, Snapshot } from '../model.ts'
import { coresOn } from '../placement.ts'
import type { RunningAttempt, RunView, View } from '../run-state.ts'

/** After so long in suspension an attempt's cores are not coming back soon: its item waits for others. */
const LASTING_CONTENTION_SECONDS = 60
/**
 * Where the kernel gives an attempt a little of a core that the application uses: after so long in use the core is not expected to be
 * left in the next moment, and waiting for that costs less than what the attempt takes.
 */
const LASTING_USE_SECONDS = 5
/** Ranks lose what they have done when they are requeued: a burst of the application is waited out. */
const RANKS_PATIENCE_SECONDS = 2
/** What keeps a checkpoint loses little when it is requeued: others, or other cores, can have what it holds. */
const CHECKPOINT_PATIENCE_SECONDS = 10

/**
 * Gives cores back to the application. Where the kernel preempts attempts they stay runnable, and harvest even short
 * gaps; elsewhere an attempt is suspended as soon as one of its cores is in use, until all of them are idle again.
 * In sessions of their own they are preempted less sharply: there an attempt whose cores have all been in use for long is suspended, too.
 * Where odop holds itself back, the attempts that started last are suspended, whichever way cores are given back.
 *
 * What keeps a checkpoint does not wait for long, either way: it is requeued when it has got nothing for some seconds.
 *
 * Ranks are not below their runner, where a signal to stop would reach them: they are requeued where others would be suspended.
 */
export function yieldCores(state: RunView, snapshot: Snapshot, now: number): Yield[] {
  const actions: Yield[] = []
  const requeued = new Set<AttemptId>()
  for (const look of snapshot.nodes) {
    const attempts = state.loads.get(look.node)?.attempts
    const mode = state.nodes.get(look.node)?.yieldMode
    if (attempts === undefined || attempts.size === 0 || mode === undefined) continue
    const ownSessions = state.nodes.get(look.node)?.ownSessions ?? false
    const judged = mode === 'suspend' ? judgements(look) : null
    const surplus = look.heldBack == null ? null : surplusOf(attempts.values(), look.node, look.heldBack)
    for (const attempt of attempts.values()) {
      if (attempt.definition?.mpi != null) {
        const ended = mode === 'suspend' ? requeueRanks(attempt, look) : null
        // Once, though it may be in the way on several nodes.
        if (ended === null || requeued.has(attempt.attempt) || state.terminating.has(attempt.attempt))
          continue
        requeued.add(attempt.attempt)
        actions.push(ended)
        continue
      }
      const reason = surplus?.has(attempt.attempt) ? (look.heldBack?.reason ?? null) : null
      const lostGpus = attempt.placement.gpus === undefined ? null : requeueFromGpus(attempt, look)
      const action =
        lostGpus ??
        (reason !== null
          ? holdBack(attempt, reason, now)
          : judged === null
            ? keepRunnable(attempt, look, ownSessions)
            : followCores(attempt, judged, now))
      if (action !== null && !state.terminating.has(attempt.attempt)) actions.push(action)
    }
  }
  return actions
}

type Yield = Exclude<Action, { type: 'start' | 'follow' }>
type Judgements = ReadonlyMap<CoreId, CoreState['judged']>

function judgements(look: NodeSnapshot): Judgements {
  return new Map(look.cores.map(({ core, judged }) => [core, judged]))
}

/** What is too much for the cores that are allowed: the oldest attempts stay, so that some get done. */
function surplusOf(
  attempts: Iterable<View<RunningAttempt>>,
  node: NodeName,
  { allowedCores }: HeldBack,
): ReadonlySet<AttemptId> {
  const surplus = new Set<AttemptId>()
  let left = allowedCores
  for (const { attempt, placement } of [...attempts].sort(olderFirst)) {
    const { length } = coresOn(placement, node)
    if (length > left) surplus.add(attempt)
    else left -= length
  }
  return surplus
}

/** Of those that started together the order is any, but always the same. */
function olderFirst(a: View<RunningAttempt>, b: View<RunningAttempt>): number {
  return a.startedAt - b.startedAt || (a.attempt < b.attempt ? -1 : 1)
}

function holdBack(running: View<RunningAttempt>, reason: string, now: number): Yield | null {
  const { attempt, suspendedSince } = running
  if (suspendedSince === null) return { type: 'suspend', attempt, reason }
  return requeueAfterLong(running, now, seconds => `suspended for ${seconds}s: ${reason}`)
}

function keepRunnable(running: View<RunningAttempt>, look: NodeSnapshot, ownSessions: boolean): Yield | null {
  const { attempt, placement, suspendedSince } = running
  const held = coresOn(placement, look.node)
  const isLost = ownSessions && lostCores(look, held, LASTING_USE_SECONDS).length === held.length
  if (suspendedSince !== null && !isLost) return { type: 'resume', attempt }
  const ended = requeueCheckpoint(running, look)
  if (ended !== null || !isLost || suspendedSince !== null) return ended
  return { type: 'suspend', attempt, reason: `the application uses ${coresText(held)}` }
}

/** Those that the application has used for at least so long. */
function lostCores({ cores }: NodeSnapshot, held: readonly CoreId[], seconds: number): CoreState[] {
  return cores.filter(
    ({ core, judged, busySeconds = 0 }) => judged === 'busy' && busySeconds >= seconds && held.includes(core),
  )
}

/** The kernel lets it have nothing, and there were no other cores to move it to. */
function requeueCheckpoint(
  { attempt, definition, placement }: View<RunningAttempt>,
  look: NodeSnapshot,
): Yield | null {
  if (definition?.checkpoint == null) return null
  const held = coresOn(placement, look.node)
  const lost = lostCores(look, held, CHECKPOINT_PATIENCE_SECONDS)
  if (lost.length < held.length) return null
  const seconds = Math.floor(Math.min(...lost.map(({ busySeconds = 0 }) => busySeconds)))
  const reason = `the application has used ${coresText(held)} for ${seconds}s, and the task keeps a checkpoint`
  return { type: 'terminate', attempt, outcome: 'requeued', reason }
}

function followCores(running: View<RunningAttempt>, judged: Judgements, now: number): Yield | null {
  const { attempt, placement, suspendedSince } = running
  const busy = placement.cores.filter(core => judged.get(core) === 'busy')
  if (suspendedSince === null) {
    if (busy.length === 0) return null
    return { type: 'suspend', attempt, reason: `the application uses ${coresText(busy)}` }
  }
  if (placement.cores.every(core => judged.get(core) === 'idle')) return { type: 'resume', attempt }
  const reason = (seconds: number) => `the application has used ${coresText(placement.cores)} for ${seconds}s`
  return requeueAfterLong(running, now, reason)
}

function requeueRanks({ attempt, placement }: View<RunningAttempt>, look: NodeSnapshot): Yield | null {
  const lost = lostCores(look, coresOn(placement, look.node), RANKS_PATIENCE_SECONDS)
  if (lost.length === 0) return null
  const reason = `the application uses ${coresText(lost.map(({ core }) => core))} of ${look.node}, and ranks can't be suspended`
  return { type: 'terminate', attempt, outcome: 'requeued', reason }
}

/** What is suspended keeps its memory on a GPU, which the application may be about to need: it has to leave. */
function requeueFromGpus(
  { attempt, placement }: View<RunningAttempt>,
  { gpus = [] }: NodeSnapshot,
): Yield | null {
  const lost = gpus.filter(({ index, judged }) => judged === 'busy' && placement.gpus?.includes(index))
  if (lost.length === 0) return null
  const which = `${lost.length === 1 ? 'GPU' : 'GPUs'} ${lost.map(({ index }) => index).join(', ')}`
  return { type: 'terminate', attempt, outcome: 'requeued', reason: `the application uses ${which}` }
}

function requeueAfterLong(
  { attempt, suspendedSince, definition }: View<RunningAttempt>,
  now: number,
  reason: (seconds: number) => string,
): Yield | null {
  const seconds = suspendedSince === null ? 0 : (now - suspendedSince) / 1000
  const patience = definition?.checkpoint == null ? LASTING_CONTENTION_SECONDS : CHECKPOINT_PATIENCE_SECONDS
  if (seconds < patience) return null
  return { type: 'terminate', attempt, outcome: 'requeued', reason: reason(Math.floor(seconds)) }
}

function coresText(cores: readonly CoreId[]): string {
  return `${cores.length === 1 ? 'core' : 'cores'} ${cores.join(', ')}`
}
