import { constants } from 'node:os'

/** The signals that odop listens to, from before the application is launched: none of them is lost, none ends odop. */
export interface CaughtSignals {
  /** Names of those that can be listened to here. */
  readonly signals: readonly NodeJS.Signals[]
  /** Hands over those that have come so far, in order, and from now on each at once. */
  deliverTo(receiver: (signal: NodeJS.Signals, beforeLaunch: boolean) => void): void
  /** Stops listening. */
  close(): void
}

export function catchSignals(): CaughtSignals {
  const early: NodeJS.Signals[] = []
  let receiver: ((signal: NodeJS.Signals, beforeLaunch: boolean) => void) | null = null
  const listener = (signal: NodeJS.Signals) => {
    if (receiver === null) early.push(signal)
    else receiver(signal, false)
  }
  const signals = FORWARDED.filter(signal => listen(signal, listener))
  return {
    signals,
    deliverTo(newReceiver) {
      receiver = newReceiver
      for (const signal of early.splice(0)) newReceiver(signal, true)
    },
    close() {
      for (const signal of signals) process.off(signal, listener)
    },
  }
}

function listen(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): boolean {
  if (constants.signals[signal] === undefined) return false
  try {
    process.on(signal, listener)
    return true
  } catch {
    return false
  }
}

/**
 * All but those that can't be caught (KILL, STOP), that Node can't listen to (the real-time signals), and that odop may
 * get for what it does itself, so that passing them on could end the application: ILL, BUS, FPE, SEGV, SYS (faults),
 * CHLD (its own children), PIPE and XFSZ (its own writing; Node ignores both).
 */
const FORWARDED: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTRAP',
  'SIGABRT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGTERM',
  'SIGSTKFLT',
  'SIGCONT',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGURG',
  'SIGXCPU',
  'SIGVTALRM',
  'SIGPROF',
  'SIGWINCH',
  'SIGIO',
  'SIGPWR',
]
