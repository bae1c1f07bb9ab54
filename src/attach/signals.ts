import type { CaughtSignals } from '../app/caught-signals.ts'
import type { Supervision } from '../supervisor/supervise.ts'
import type { Program } from './program.ts'

export interface HearSignals {
  readonly caught: CaughtSignals
  readonly supervision: Supervision
  readonly program: Program
}

/**
 * The signals of a terminal and of Slurm reach the program, too, and what they mean is for the program to say: none of them ends
 * odop while that runs. Once the program has ended or asked for the end, one that asks for an end ends the drain.
 */
export function hearSignals({ caught, supervision, program }: HearSignals): void {
  let endedAt = Number.POSITIVE_INFINITY
  void program.ended.then(() => {
    endedAt = performance.now()
  })
  caught.deliverTo(signal => {
    if (endedAt === Number.POSITIVE_INFINITY) supervision.signalled(signal)
    // The very signal that has ended the program may be seen after that end.
    else if (ENDING.has(signal) && performance.now() - endedAt > SAME_SIGNAL_MILLISECONDS)
      supervision.interrupt()
  })
}

const SAME_SIGNAL_MILLISECONDS = 100
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGXCPU'])
