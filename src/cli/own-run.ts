import path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { loadConfiguration } from '../config.ts'
import { runPaths } from '../journal/run-paths.ts'
import { askRun } from '../supervisor/control-client.ts'
import type { ControlReply } from '../supervisor/control-protocol.ts'

/** The run that a command is about. */
export interface NamedRun<R extends string | null = string> {
  readonly run: R
  readonly odopPath: string
  /** Where it listens, if it is live and on this host. */
  readonly socket: string
}

export interface NamedRunRequest<R extends string | null = string> {
  /** null: none is named. */
  readonly run: R
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * Finds a run by its name. The application and its tasks have one name of their own run, `ODOP_RUN`, which was told before
 * the run had its folder: with it the run behind `ODOP_SOCKET` is meant, whatever it is called and wherever it is kept.
 */
export async function namedRun<R extends string | null>(
  request: NamedRunRequest<R>,
): Promise<NamedRun<R | string>> {
  const { run, cwd, environment } = request
  const { ODOP_RUN: own, ODOP_SOCKET: socket } = environment
  const reply = run !== null && run === own && socket ? await whichRun(socket) : null
  if (socket && reply?.ok && reply.run !== undefined && reply.folder != null) {
    return { run: reply.run, odopPath: path.dirname(path.dirname(reply.folder)), socket }
  }
  if (socket && reply?.ok) return { run, odopPath: '', socket }
  const { configuration } = await loadConfiguration({ cwd, environment, flags: {}, file: null })
  const { odopPath } = configuration
  return { run, odopPath, socket: run === null ? '' : runPaths(odopPath, run).controlSocket }
}

/** The application is started first: what it tells in its first moments is told before the run listens. */
const LISTENS_WITHIN_MILLISECONDS = 10_000
const PAUSE_MILLISECONDS = 50

async function whichRun(socket: string): Promise<ControlReply | null> {
  const deadline = performance.now() + LISTENS_WITHIN_MILLISECONDS
  for (;;) {
    const reply = await askRun(socket, { type: 'run' })
    if (reply !== null || performance.now() > deadline) return reply
    await pause(PAUSE_MILLISECONDS)
  }
}
