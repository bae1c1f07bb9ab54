import type { Action } from '../actions.ts'
import type { CoreId, CoreState, NodeSnapshot, Snapshot } from '../model.ts'
import type { RunningAttempt, RunView, View } from '../run-state.ts'

/** After so long in suspension an attempt's cores are not coming back soon: its item waits for others. */
const LASTING_CONTENTION_SECONDS = 60

/**
 * Gives cores back to the application. Where the kernel preempts attempts they stay runnable, and harvest even short
 * gaps; elsewhere an attempt is suspended as soon as one of its cores is in use, until all of them are idle again.
 */
export function yieldCores(state: RunView, snapshot: Snapshot, now: number): Yield[] {
  const actions: Yield[] = []
  for (const look of snapshot.nodes) {
    const attempts = state.loads.get(look.node)?.attempts
    const mode = state.nodes.get(look.node)?.yieldMode
    if (attempts === undefined || attempts.size === 0 || mode === undefined) continue
    const judged = mode === 'suspend' ? judgements(look) : null
    for (const attempt of attempts.values()) {
      if (state.terminating.has(attempt.attempt)) continue
      const action = judged === null ? keepRunnable(attempt) : followCores(attempt, judged, now)
      if (action !== null) actions.push(action)
    }
  }
  return actions
}

type Yield = Exclude<Action, { type: 'start' }>
type Judgements = ReadonlyMap<CoreId, CoreState['judged']>

function judgements(look: NodeSnapshot): Judgements {
  return new Map(look.cores.map(({ core, judged }) => [core, judged]))
}

function keepRunnable({ attempt, suspendedSince }: View<RunningAttempt>): Yield | null {
  return suspendedSince === null ? null : { type: 'resume', attempt }
}

function followCores(running: View<RunningAttempt>, judged: Judgements, now: number): Yield | null {
  const { attempt, placement, suspendedSince } = running
  const busy = placement.cores.filter(core => judged.get(core) === 'busy')
  if (suspendedSince === null) {
    if (busy.length === 0) return null
    return { type: 'suspend', attempt, reason: `the application uses ${coresText(busy)}` }
  }
  if (placement.cores.every(core => judged.get(core) === 'idle')) return { type: 'resume', attempt }
  const suspendedSeconds = (now - suspendedSince) / 1000
  if (suspendedSeconds < LASTING_CONTENTION_SECONDS) return null
  const reason = `the application has used ${coresText(placement.cores)} for ${Math.floor(suspendedSeconds)}s`
  return { type: 'terminate', attempt, outcome: 'requeued', reason }
}

function coresText(cores: readonly CoreId[]): string {
  return `${cores.length === 1 ? 'core' : 'cores'} ${cores.join(', ')}`
}
