import type { ApplicationExit } from '../app/launch.ts'
import { writeStderr } from '../os/stderr.ts'
import type { Supervisor } from './bring-up.ts'
import type { EndingHow, LaunchEnd } from './end-launch.ts'
import type { SuperviseOptions } from './request.ts'
import { within } from './within.ts'

/** odop's part beside a running application, from the outside: nothing in it ever rejects or throws. */
export interface Supervision {
  /** Resolves when odop's part is there; null: it has failed. */
  readonly started: Promise<Supervisor | null>
  /** Drains if that was asked for, ends all attempts, reports; null: odop's part had failed. */
  end(exit: ApplicationExit | null, how?: EndingHow): Promise<LaunchEnd | null>
  /** The application gets this signal; in a job it may be the one that announces its end. */
  signalled(signal: NodeJS.Signals): void
  /** A signal after the application's end: what is left is for `odop drain`. A second one ends odop at once. */
  interrupt(): void
}

/** How long the start may still take when the application has already ended. */
const START_LIMIT_MILLISECONDS = 20_000
/** Signals that come closer are one wish: a terminal that is closed sends two kinds, others send theirs to all one by one. */
const SAME_WISH_MILLISECONDS = 500

/**
 * Brings odop's part up beside the application.
 *
 * This is where "no harm" is kept: whatever goes wrong in here, expected or a bug, is said once on stderr, what odop
 * has started is ended, and the application goes on to its own end.
 */
export function supervise(options: SuperviseOptions): Supervision {
  let supervisor: Supervisor | null = null
  let failed = false
  let interruptedAt: number | null = null
  /** What is still running then ends with odop: the keeper sees to that. */
  let giveUp = () => {}
  const givenUp = new Promise<null>(resolve => {
    giveUp = () => resolve(null)
  })

  const fail = (error: unknown) => {
    if (failed) return
    failed = true
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    writeStderr(`odop: internal error; the application goes on without odop. Please report this:\n${what}\n`)
    supervisor?.abandon().catch(() => {})
    options.early?.close()
    giveUp()
  }
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)

  const started = bringUp().catch(fail)

  async function bringUp(): Promise<void> {
    // Loaded only now: the application is already on its way.
    const { bringUpSupervisor } = await import('./bring-up.ts')
    supervisor = await bringUpSupervisor({ ...options, onBug: fail })
    if (interruptedAt !== null) supervisor.interrupt()
  }

  return {
    started: Promise.race([started, givenUp]).then(() => (failed ? null : supervisor)),
    async end(exit, how) {
      try {
        await within(START_LIMIT_MILLISECONDS, Promise.race([started, givenUp]))
        if (supervisor !== null && !failed) return await Promise.race([supervisor.end(exit, how), givenUp])
        if (!failed)
          writeStderr('odop: it was not ready when the application ended: nothing of this run is kept\n')
        return null
      } catch (error) {
        fail(error)
        return null
      }
    },
    signalled(signal) {
      if (!failed) supervisor?.signalled(signal)
    },
    interrupt() {
      const now = performance.now()
      interruptedAt ??= now
      supervisor?.interrupt()
      if (supervisor === null || now - interruptedAt > SAME_WISH_MILLISECONDS) giveUp()
    },
  }
}
