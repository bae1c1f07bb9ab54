import type { CoreId, CorePlace, CoreState, Settings, YieldMode } from './model.ts'

/** What is remembered of a core from look to look. */
export interface CoreJudgement {
  readonly judged: CoreState['judged']
  /** How long and for how many looks foreign use has been under the threshold without a break. */
  readonly quietSeconds: number
  readonly quietLooks: number
  /** Foreign share, averaged over about the last second. */
  readonly averageShare: number
  /** How long the core has been looked at. */
  readonly seenSeconds: number
  /** For how long, without a break, an attempt on it would have got next to nothing. */
  readonly busySeconds: number
  /** Time left in which it can't become idle, because it was idle and then in use again. */
  readonly cooldownSeconds: number
  /** How long it has been idle without a break. */
  readonly idleSeconds: number
  /** The cooldown that it got last. */
  readonly lastCooldownSeconds: number
}

export interface IdleOptions {
  /** A core becomes idle under this foreign share … */
  readonly threshold: number
  /** … once it has been so for this long, and in at least two looks. */
  readonly startAfterSeconds: number
  /** An idle core stays idle up to this foreign share: higher than `threshold`, or it would flap. */
  readonly stopThreshold: number
  readonly cooldownSeconds: number
  /** A core that is in use again and again soon after it became idle rests twice as long each time, up to this. */
  readonly longestCooldownSeconds: number
  /** Whether a core that is used in bursts may be shared; otherwise it is busy. */
  readonly shares: boolean
}

/** Above this average too little is left of a core to start anything on it. */
const MOST_SHARED = 0.8
const AVERAGE_OVER_SECONDS = 1
/**
 * What the average is taken for when a core is in use again, as the idle time before tells nothing of who comes back: one that
 * stays has the core for itself within 0.7 s, one that makes pauses shares it all the time.
 */
const RETURNED_SHARE = 0.6

export const UNSEEN: CoreJudgement = {
  judged: 'busy',
  quietSeconds: 0,
  quietLooks: 0,
  averageShare: 0,
  seenSeconds: 0,
  busySeconds: 0,
  cooldownSeconds: 0,
  idleSeconds: 0,
  lastCooldownSeconds: 0,
}

/** Only where the kernel preempts attempts at once can a core be shared with the application. */
export function idleOptions(settings: Pick<Settings, 'idleThreshold'>, yieldMode: YieldMode): IdleOptions {
  return {
    threshold: settings.idleThreshold,
    startAfterSeconds: 0.2,
    stopThreshold: Math.max(2 * settings.idleThreshold, 0.25),
    cooldownSeconds: 1,
    // Where the kernel preempts, an attempt on such a core costs the application nothing.
    longestCooldownSeconds: yieldMode === 'kernel' ? 1 : 8,
    shares: yieldMode === 'kernel',
  }
}

export interface NodeLook {
  readonly previous: ReadonlyMap<CoreId, CoreJudgement>
  /** Foreign share of each core over this look; siblings outside the allocation count where they are known. */
  readonly foreignShares: ReadonlyMap<CoreId, number>
  /** How long this look was. */
  readonly seconds: number
  readonly topology: readonly CorePlace[]
  readonly options: IdleOptions
  /** Cores for which threads of the application had to wait: in use, whatever their share. */
  readonly contended?: ReadonlySet<CoreId>
}

/** Judges every core of `topology` that was looked at; one that was not keeps what is known of it. */
export function judgeNode(look: NodeLook): Map<CoreId, CoreJudgement> {
  const { previous, foreignShares, seconds, topology, options, contended } = look
  const judgements = new Map<CoreId, CoreJudgement>()
  for (const { core, siblings } of topology) {
    const before = previous.get(core) ?? UNSEEN
    const foreignShare = foreignShares.get(core)
    const siblingBusy = siblings.some(
      sibling => sibling !== core && (foreignShares.get(sibling) ?? 0) > options.stopThreshold,
    )
    const blocked = siblingBusy || (contended?.has(core) ?? false)
    const looked = foreignShare !== undefined
    judgements.set(core, looked ? judge(before, { foreignShare, seconds }, options, blocked) : before)
  }
  return judgements
}

/**
 * One more look at a core. `blocked`: it is in use whatever its own share says, because another hardware thread of the same
 * physical core is, or because the application had to wait for it.
 */
export function judge(
  previous: CoreJudgement,
  look: { readonly foreignShare: number; readonly seconds: number },
  options: IdleOptions,
  blocked: boolean,
): CoreJudgement {
  if (!(look.seconds > 0)) return previous
  // A threshold of 100 % says that the cores are never to be seen as in use.
  const quiet = (look.foreignShare < options.threshold || options.threshold >= 1) && !blocked
  const leaves = previous.judged === 'idle' && (blocked || look.foreignShare > options.stopThreshold)
  const next = {
    quietSeconds: quiet ? previous.quietSeconds + look.seconds : 0,
    quietLooks: quiet ? previous.quietLooks + 1 : 0,
    averageShare: leaves ? Math.max(average(previous, look), RETURNED_SHARE) : average(previous, look),
    seenSeconds: previous.seenSeconds + look.seconds,
    ...cooldown(previous, look.seconds, options, leaves),
  }
  const staysIdle = previous.judged === 'idle' && !leaves
  const judged = staysIdle ? 'idle' : judgedAnew(next, options, blocked)
  const isTaken = options.shares ? look.foreignShare > MOST_SHARED || blocked : judged === 'busy'
  return {
    ...next,
    judged,
    busySeconds: isTaken && judged !== 'idle' ? previous.busySeconds + look.seconds : 0,
  }
}

/** An idle time that was shorter than this was not worth the trouble that its end has made. */
const SHORT_IDLE_SECONDS = 2

function cooldown(
  { cooldownSeconds, lastCooldownSeconds, idleSeconds, judged }: CoreJudgement,
  seconds: number,
  options: IdleOptions,
  leaves: boolean,
): Pick<CoreJudgement, 'cooldownSeconds' | 'lastCooldownSeconds' | 'idleSeconds'> {
  if (!leaves) {
    return {
      cooldownSeconds: Math.max(0, cooldownSeconds - seconds),
      lastCooldownSeconds,
      idleSeconds: judged === 'idle' ? idleSeconds + seconds : 0,
    }
  }
  const longer = idleSeconds < SHORT_IDLE_SECONDS ? 2 * lastCooldownSeconds : 0
  const next = Math.min(Math.max(options.cooldownSeconds, longer), options.longestCooldownSeconds)
  return { cooldownSeconds: next, lastCooldownSeconds: next, idleSeconds: 0 }
}

// Additions of looks such as 0.1 s must not miss a limit by a rounding error.
const ROUNDING = 1e-9

function judgedAnew(
  core: Omit<CoreJudgement, 'judged' | 'busySeconds'>,
  options: IdleOptions,
  blocked: boolean,
): CoreState['judged'] {
  if (blocked) return 'busy'
  const enough = options.startAfterSeconds - ROUNDING
  const rested = core.quietLooks >= 2 && core.quietSeconds >= enough && core.cooldownSeconds <= ROUNDING
  if (rested) return 'idle'
  const known = options.shares && core.seenSeconds >= enough
  return known && core.averageShare <= MOST_SHARED ? 'shared' : 'busy'
}

/** The first look counts whole, as nothing is known from before. */
function average(previous: CoreJudgement, look: { foreignShare: number; seconds: number }): number {
  if (previous.seenSeconds === 0) return look.foreignShare
  const weight = 1 - Math.exp(-look.seconds / AVERAGE_OVER_SECONDS)
  return previous.averageShare + weight * (look.foreignShare - previous.averageShare)
}
