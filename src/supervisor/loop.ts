import type { Action } from '../core/actions.ts'
import { worseSlowdown } from '../core/interference.ts'
import type { NodeSnapshot, SlowdownLook, Snapshot, TaskName } from '../core/model.ts'
import { FAST_MILLISECONDS, nextLookMilliseconds, STEADY_MILLISECONDS } from '../core/pace.ts'
import { type BackOffs, heldBack, nextBackOffs } from '../core/schedule/back-off.ts'
import { schedule } from '../core/schedule.ts'
import type { RunState } from '../core/state.ts'
import { unreachable } from '../core/unreachable.ts'
import type { Agents } from './agents.ts'
import type { Attempts } from './attempts.ts'
import type { OwnPolicy } from './own-policy.ts'

/** Looks, decides, acts: at its own pace, and at once when something happened. */
export interface Loop {
  /** Something happened (an item was queued, an attempt ended): decide soon, once for all that happens together. */
  wake(): void
  /** The same, with a new look at the nodes in any case. */
  lookAgain(): void
  /** Decides nothing new from now on; looks go on, so that accounting stays right. */
  pauseStarting(): void
  stop(): void
}

export interface LoopOptions {
  readonly state: RunState
  readonly agents: Pick<Agents, 'sample' | 'pace'>
  readonly attempts: Attempts
  readonly now: () => number
  /** Seconds until the job's time limit; null where none is known. */
  readonly remainingSeconds: () => number | null
  /** See `Snapshot.incoming`. */
  readonly incoming: () => ReadonlySet<TaskName>
  /** Missing or null: a policy of odop decides. */
  readonly ownPolicy?: OwnPolicy | null
  /** What the application's own steps say; null: nothing. */
  readonly progress: (now: number) => SlowdownLook | null
  /** How far odop held itself back at a look. */
  readonly onBackOff: (backOffs: BackOffs) => void
  /** Somebody waits for what looks show: at most STEADY_MILLISECONDS between them. Missing: nobody does. */
  readonly isAwaited?: () => boolean
  /** Called with each look, after the decisions. */
  readonly onLook: (snapshot: Snapshot) => void
  /** A bug in a decision must end odop's part, never the application's. */
  readonly onBug: (error: unknown) => void
}

/** With thousands of short items something happens all the time: decisions may be made on a sample of this age. */
const SAMPLE_MILLISECONDS = FAST_MILLISECONDS
/** A decision looks at every node: where there are thousands, decisions rest in between. */
const NODES_A_MILLISECOND = 4
/** A timer may be a little early. */
const EARLY_MILLISECONDS = 5

const STARTING: ReadonlySet<Action['type']> = new Set(['start', 'follow'])

export function startLoop(options: LoopOptions): Loop {
  let timer: NodeJS.Timeout | null = null
  let woken = false
  let starting = true
  let stopped = false
  let nodes = options.agents.sample()
  let sampledAt = options.now()
  let backOffs: BackOffs = new Map()
  let decidedAt = Number.NEGATIVE_INFINITY

  const look = () => {
    if (timer) clearTimeout(timer)
    timer = null
    woken = false
    if (stopped) return
    try {
      const now = options.now()
      if (now - sampledAt >= SAMPLE_MILLISECONDS - EARLY_MILLISECONDS || now < sampledAt) {
        nodes = options.agents.sample()
        sampledAt = now
      }
      const proposed = options.ownPolicy?.proposed() ?? null
      const snapshot = {
        nodes: holdBack(now),
        remainingSeconds: options.remainingSeconds(),
        incoming: options.incoming(),
        proposed,
      }
      decidedAt = now
      for (const action of schedule(options.state, snapshot, now)) {
        if (starting || !STARTING.has(action.type)) perform(action, options.attempts)
      }
      if (starting) options.ownPolicy?.decided(snapshot, now)
      options.onLook(snapshot)
      // Something may have called wake() meanwhile: its look is already on the way, and one is enough.
      const wanted = nextLookMilliseconds(options.state, snapshot, now)
      const pace = options.isAwaited?.() ? Math.min(wanted, STEADY_MILLISECONDS) : wanted
      options.agents.pace(pace)
      if (!woken) timer = setTimeout(look, Math.max(pace - (now - sampledAt), restMilliseconds(now)))
    } catch (error) {
      stopped = true
      options.onBug(error)
      return
    }
  }

  const holdBack = (now: number): NodeSnapshot[] => {
    const { maxSlowdown } = options.state.settings
    if (maxSlowdown === null) return nodes
    const progress = options.progress(now)
    const looks = nodes.map(each => ({ ...each, slowdown: worseSlowdown(each.slowdown ?? null, progress) }))
    backOffs = nextBackOffs(options.state, looks, backOffs, now)
    options.onBackOff(backOffs)
    return looks.map(each => {
      const backOff = backOffs.get(each.node)
      return backOff === undefined ? each : { ...each, heldBack: heldBack(backOff, maxSlowdown, now) }
    })
  }

  const wake = () => {
    if (woken || stopped) return
    woken = true
    if (timer) clearTimeout(timer)
    timer = null
    const rest = restMilliseconds(options.now())
    if (rest === 0) setImmediate(look)
    else timer = setTimeout(look, rest)
  }

  /** How long until decisions may cost something again. */
  const restMilliseconds = (now: number): number => {
    const since = Math.max(0, now - decidedAt)
    return Math.max(0, Math.floor(nodes.length / NODES_A_MILLISECOND) - since)
  }

  timer = setTimeout(look, 0)
  return {
    wake,
    lookAgain() {
      sampledAt = Number.NEGATIVE_INFINITY
      // What is seen now may have to be given back at once.
      decidedAt = Number.NEGATIVE_INFINITY
      if (timer !== null) woken = false
      wake()
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

export function perform(action: Action, attempts: Attempts): void {
  switch (action.type) {
    case 'start':
      attempts.start(action.item, action.attempt, action.placement)
      return
    case 'follow':
      attempts.follow(action.after, action.items)
      return
    case 'suspend':
      attempts.suspend(action.attempt, action.reason)
      return
    case 'resume':
      attempts.resume(action.attempt)
      return
    case 'move':
      attempts.move(action.attempt, action.placement)
      return
    case 'terminate':
      attempts.terminate(action.attempt, action)
      return
    default:
      unreachable(action)
  }
}
