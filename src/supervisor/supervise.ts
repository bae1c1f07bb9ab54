import type { ApplicationExit } from '../app/launch.ts'
import { writeStderr } from '../os/stderr.ts'
import type { Supervisor } from './bring-up.ts'
import type { LaunchEnd } from './end-launch.ts'
import type { SuperviseOptions } from './request.ts'

/** odop's part beside a running application, from the outside: nothing in it ever rejects or throws. */
export interface Supervision {
  /** Drains if that was asked for, ends all attempts, reports; null: odop's part had failed. */
  end(exit: ApplicationExit | null): Promise<LaunchEnd | null>
  /** A signal after the application's end: what is left is for `odop drain`. */
  interrupt(): void
}

/** How long the start may still take when the application has already ended. */
const START_LIMIT_MILLISECONDS = 20_000

/**
 * Brings odop's part up beside the application.
 *
 * This is where "no harm" is kept: whatever goes wrong in here, expected or a bug, is said once on stderr, what odop
 * has started is ended, and the application goes on to its own end.
 */
export function supervise(options: SuperviseOptions): Supervision {
  let supervisor: Supervisor | null = null
  let failed = false
  let interrupted = false

  const fail = (error: unknown) => {
    if (failed) return
    failed = true
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    writeStderr(`odop: internal error; the application goes on without odop. Please report this:\n${what}\n`)
    supervisor?.abandon().catch(() => {})
  }
  process.on('uncaughtException', fail)
  process.on('unhandledRejection', fail)

  const started = bringUp().catch(fail)

  async function bringUp(): Promise<void> {
    // Loaded only now: the application is already on its way.
    const { bringUpSupervisor } = await import('./bring-up.ts')
    supervisor = await bringUpSupervisor({ ...options, onBug: fail })
    if (interrupted) supervisor.interrupt()
  }

  return {
    async end(exit) {
      try {
        await within(START_LIMIT_MILLISECONDS, started)
        return failed || supervisor === null ? null : await supervisor.end(exit)
      } catch (error) {
        fail(error)
        return null
      }
    },
    interrupt() {
      interrupted = true
      supervisor?.interrupt()
    },
  }
}

async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>(resolve => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([work, limit])
  clearTimeout(timer)
}
