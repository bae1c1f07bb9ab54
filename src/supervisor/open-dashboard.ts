import { spawn } from 'node:child_process'
import { isatty } from 'node:tty'
import type { Configuration } from '../config.ts'
import { entryPoint } from '../entry-points.ts'
import { writeStderr } from '../os/stderr.ts'
import { type ProgressLines, startProgressLines } from './progress-lines.ts'
import type { Recorder } from './recorder.ts'
import type { RunStore } from './run-store.ts'
import { within } from './within.ts'

/** What `--dashboard` shows while the application runs. */
export interface Dashboard {
  /** There was a look at the nodes. */
  looked(): void
  /** Gives the whole terminal back. Never rejects. */
  close(): Promise<void>
}

export interface DashboardOptions {
  readonly configuration: Configuration
  readonly recorder: Recorder
  readonly store: RunStore
  readonly environment: Readonly<Record<string, string | undefined>>
  /** A process was started whose cost is odop's. */
  readonly onHelper: (pid: number) => void
  readonly now: () => number
}

/** Frees all lines of a terminal, and leaves the cursor where it is. */
const ALL_LINES = '\x1b7\x1b[r\x1b8'
const CLOSE_MILLISECONDS = 2000

/** The lower lines of the terminal, or lines on stderr where there is none; null: nothing was asked for. */
export function openDashboard(options: DashboardOptions): Dashboard | null {
  const { configuration, store, environment } = options
  if (!configuration.dashboard) return null
  const term = environment['TERM'] ?? ''
  const drawable = isatty(1) && isatty(2) && term !== '' && term !== 'dumb'
  return drawable && store.kept ? inTerminal(options) : inLines(options)
}

function inLines({ configuration, ...options }: DashboardOptions): Dashboard | null {
  if (configuration.quiet) return null
  const lines: ProgressLines = startProgressLines(options)
  return {
    looked: lines.looked,
    close: async () => lines.close(),
  }
}

/**
 * Another process draws: the supervisor never touches the terminal, which is the application's, and must not wait for one that
 * is held (Ctrl-S). It ends at the end of its input, however the supervisor ends.
 */
function inTerminal(options: DashboardOptions): Dashboard | null {
  const { store, configuration, environment, onHelper } = options
  const { TERM, NO_COLOR, PATH } = environment
  let fallback: Dashboard | null = null
  const child = spawn(process.execPath, [entryPoint('dashboard'), configuration.odopPath, store.name], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { TERM, NO_COLOR, PATH },
  })
  if (child.pid !== undefined) onHelper(child.pid)
  child.stdin.on('error', () => {})
  const ended = new Promise<void>(resolve => {
    child.once('error', () => gone(false))
    child.once('exit', code => gone(code === 0))
    function gone(well: boolean) {
      // Killed, or there was nothing to draw on.
      if (!well) {
        if (child.signalCode !== null) writeStderr(ALL_LINES)
        fallback = inLines(options)
      }
      resolve()
    }
  })
  return {
    looked: () => fallback?.looked(),
    async close() {
      child.stdin.end()
      const inTime = await within(CLOSE_MILLISECONDS, ended)
      if (!inTime) child.kill('SIGKILL')
      await fallback?.close()
    },
  }
}
