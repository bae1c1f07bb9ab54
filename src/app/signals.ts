import { constants } from 'node:os'
import type { CaughtSignals } from './caught-signals.ts'
import type { Application } from './launch.ts'
import { inForeground, isStopped } from './terminal.ts'
import { startWitness, type Witness } from './witness.ts'

/** What the signals of the application mean for odop itself. */
export interface SignalHooks {
  /** The application has been stopped (Ctrl-Z), and odop stops when this returns. */
  onStop(): void
  /** odop goes on, and the application with it. */
  onContinue(): void
  /** A signal came while the application runs, which gets it too. */
  onSignal(signal: NodeJS.Signals): void
  /** A signal that asks for an end came after the application had ended. */
  onSignalAfterEnd(signal: NodeJS.Signals): void
}

export interface ForwardRequest {
  readonly caught: CaughtSignals
  /** null: there is none (`odop drain`): every signal counts as one after its end. */
  readonly application: Application | null
  /** Numbers of the signals that were ignored when odop was called: the application ignores them, and so does odop. */
  readonly ignoredSignals: readonly number[]
  readonly hooks: SignalHooks
  /** The witness' shell; another one in tests. */
  readonly shell?: string
}

export interface SignalForwarding {
  /** A process of odop's in the application's process group; null: there is none. */
  witnessPid(): number | null
  close(): void
}

/**
 * Passes each signal that odop gets on to the application, exactly once: a signal that was sent to the whole process
 * group (Ctrl-C, a hang-up, `timeout`, Slurm) has reached the application already, and the witness tells which was.
 *
 * A signal waits for a report of the witness for a moment, because senders such as Slurm go from process to process, then
 * the witness is asked. Where there is none to ask, the signals of a terminal count as sent to the group while odop is in
 * the terminal's foreground, and all others as sent to odop alone.
 */
export function forwardSignals(request: ForwardRequest): SignalForwarding {
  const { caught, application, hooks } = request
  const reportedAt = new Map<NodeJS.Signals, number>()
  const undecided = new Set<Received>()
  let witness: Witness | null = null
  let endedAt = application?.isRunning() ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY
  let stopWatch: NodeJS.Timeout | undefined

  if (application?.isRunning()) {
    witness = startWitness({
      signals: caught.signals.map(signal => constants.signals[signal]),
      onReport: number => reported(number),
      ...(request.shell === undefined ? {} : { shell: request.shell }),
    })
    void application.ended.then(ended)
  }
  caught.deliverTo(received)
  return { witnessPid: () => witness?.pid() ?? null, close }

  function received(signal: NodeJS.Signals, beforeLaunch: boolean) {
    if (request.ignoredSignals.includes(constants.signals[signal])) return
    if (application?.isRunning()) hooks.onSignal(signal)
    if (!application?.isRunning()) afterEnd(signal)
    // The group did not hold the application when this one was sent.
    else if (beforeLaunch) carryOut(signal, false)
    else if (isRecent(reportedAt.get(signal))) carryOut(signal, true)
    else waitForWitness(signal)
  }

  function waitForWitness(signal: NodeJS.Signals) {
    const question = witness?.prepareQuestion()
    const entry: Received = { signal, timer: setTimeout(decide, WINDOW_MILLISECONDS) }
    undecided.add(entry)
    async function decide() {
      const answered = await question?.()
      if (undecided.delete(entry)) carryOut(signal, answered ? false : probablyToGroup(signal))
    }
  }

  /**
   * One report stands for all signals of its kind that came within the window: the kernel, too, makes one of several that
   * wait, and twice would be worse than once (srun takes a second SIGINT as "abort").
   */
  function reported(number: number) {
    const signal = caught.signals.find(name => constants.signals[name] === number)
    if (signal === undefined) return
    reportedAt.set(signal, performance.now())
    for (const entry of undecided) {
      if (entry.signal !== signal) continue
      clearTimeout(entry.timer)
      undecided.delete(entry)
      carryOut(signal, true)
    }
  }

  function carryOut(signal: NodeJS.Signals, hasReachedApplication: boolean) {
    if (!hasReachedApplication) send(signal)
    if (signal === 'SIGCONT') {
      clearTimeout(stopWatch)
      hooks.onContinue()
    } else if (STOPPING.has(signal)) {
      followWhenStopped(performance.now() + STOP_LIMIT_MILLISECONDS)
    }
  }

  function send(signal: NodeJS.Signals) {
    try {
      if (application?.isRunning() && application.pid !== null) process.kill(application.pid, signal)
    } catch {
      // It has just ended, or it runs as somebody else: without odop the sender would have failed in the same way.
    }
  }

  /** An application may ignore these signals or take its time, and odop stops only when it has: the shell sees the same. */
  function followWhenStopped(deadline: number) {
    clearTimeout(stopWatch)
    if (!application?.isRunning() || application.pid === null || performance.now() > deadline) return
    if (isStopped(application.pid) ?? true) stopSelf()
    else stopWatch = setTimeout(followWhenStopped, STOP_POLL_MILLISECONDS, deadline)
  }

  /** Resolving the application's end takes a moment longer than its end: what comes between belongs to it. */
  function afterEnd(signal: NodeJS.Signals) {
    if (signal === 'SIGCONT') hooks.onContinue()
    else if (signal === 'SIGTSTP') stopSelf()
    else if (ENDING.has(signal) && !endedTheApplication(signal)) hooks.onSignalAfterEnd(signal)
  }

  /** A Ctrl-C that ends the application may be seen after that end. */
  function endedTheApplication(signal: NodeJS.Signals): boolean {
    return FROM_TERMINAL.has(signal) && performance.now() - endedAt < SAME_SIGNAL_MILLISECONDS
  }

  function stopSelf() {
    hooks.onStop()
    process.kill(process.pid, 'SIGSTOP')
  }

  function ended() {
    endedAt = performance.now()
    stop()
  }

  function stop() {
    clearTimeout(stopWatch)
    for (const { timer } of undecided) clearTimeout(timer)
    undecided.clear()
    witness?.close()
  }

  function close() {
    stop()
    caught.close()
  }
}

interface Received {
  readonly signal: NodeJS.Signals
  readonly timer: NodeJS.Timeout
}

/** How far apart odop and the witness may get one and the same signal. */
const WINDOW_MILLISECONDS = 25
const STOP_POLL_MILLISECONDS = 10
/** How long an application may take to stop, for instance to restore the terminal. */
const STOP_LIMIT_MILLISECONDS = 3000
const SAME_SIGNAL_MILLISECONDS = 100

const STOPPING: ReadonlySet<NodeJS.Signals> = new Set(['SIGTSTP', 'SIGTTIN', 'SIGTTOU'])
const FROM_TERMINAL: ReadonlySet<NodeJS.Signals> = new Set(['SIGHUP', 'SIGINT', 'SIGQUIT'])
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGXCPU'])

/** What can be said without a witness. */
function probablyToGroup(signal: NodeJS.Signals): boolean {
  if (signal === 'SIGTTIN' || signal === 'SIGTTOU') return true
  return (FROM_TERMINAL.has(signal) || signal === 'SIGTSTP' || signal === 'SIGWINCH') && inForeground()
}

function isRecent(reportedAt: number | undefined): boolean {
  return reportedAt !== undefined && performance.now() - reportedAt < WINDOW_MILLISECONDS
}
