import type { Action } from '../core/actions.ts'
import type { Snapshot } from '../core/model.ts'
import { schedule } from '../core/schedule.ts'
import type { RunState } from '../core/state.ts'
import { unreachable } from '../core/unreachable.ts'
import type { Agent } from '../node/agent.ts'
import type { Attempts } from './attempts.ts'

/** Looks, decides, acts: at its own pace, and at once when something happened. */
export interface Loop {
  /** Something happened (an item was queued, an attempt ended): decide soon, once for all that happens together. */
  wake(): void
  /** Decides nothing new from now on; looks go on, so that accounting stays right. */
  pauseStarting(): void
  stop(): void
}

export interface LoopOptions {
  readonly state: RunState
  readonly agent: Agent
  readonly attempts: Attempts
  readonly now: () => number
  /** Seconds until the job's time limit; null where none is known. */
  readonly remainingSeconds: () => number | null
  /** Called with each look, after the decisions. */
  readonly onLook: (snapshot: Snapshot) => void
  /** A bug in a decision must end odop's part, never the application's. */
  readonly onBug: (error: unknown) => void
}

/** Between two looks while attempts run or wait: the application's return must be seen soon. */
const FAST_MILLISECONDS = 100
/** With thousands of short items something happens all the time: decisions may be made on a sample of this age. */
const SAMPLE_MILLISECONDS = 40
/** Between two looks while there is nothing to do: odop must cost next to nothing. */
const SLOW_MILLISECONDS = 1000

export function startLoop(options: LoopOptions): Loop {
  let timer: NodeJS.Timeout | null = null
  let woken = false
  let starting = true
  let stopped = false
  let node = options.agent.sample()
  let sampledAt = options.now()

  const look = () => {
    if (timer) clearTimeout(timer)
    timer = null
    woken = false
    if (stopped) return
    try {
      const now = options.now()
      if (now - sampledAt >= SAMPLE_MILLISECONDS || now < sampledAt) {
        node = options.agent.sample()
        sampledAt = now
      }
      const snapshot = { nodes: [node], remainingSeconds: options.remainingSeconds() }
      for (const action of schedule(options.state, snapshot, now)) {
        if (starting || action.type !== 'start') perform(action, options.attempts)
      }
      options.onLook(snapshot)
    } catch (error) {
      stopped = true
      options.onBug(error)
      return
    }
    // Something may have called wake() meanwhile: its look is already on the way, and one is enough.
    if (!woken) timer = setTimeout(look, hasWork(options.state) ? FAST_MILLISECONDS : SLOW_MILLISECONDS)
  }

  timer = setTimeout(look, 0)
  return {
    wake() {
      if (woken || stopped) return
      woken = true
      if (timer) clearTimeout(timer)
      timer = null
      setImmediate(look)
    },
    pauseStarting() {
      starting = false
    },
    stop() {
      stopped = true
      if (timer) clearTimeout(timer)
    },
  }
}

function perform(action: Action, attempts: Attempts): void {
  switch (action.type) {
    case 'start':
      attempts.start(action.item, action.attempt, action.placement)
      return
    case 'suspend':
      attempts.suspend(action.attempt, action.reason)
      return
    case 'resume':
      attempts.resume(action.attempt)
      return
    case 'terminate':
      attempts.terminate(action.attempt, action.outcome, action.reason)
      return
    default:
      unreachable(action)
  }
}

function hasWork(state: RunState): boolean {
  return state.running.size > 0 || state.pendingCount > 0
}
