import { closeSync, openSync, readSync } from 'node:fs'
import path from 'node:path'
import { defaultRunName } from '../journal/run-name.ts'

/**
 * What the application and its tasks find out about the run in their environment: decided before the launch, when neither the
 * configuration nor the run's folder is known yet.
 */
export interface Announcement {
  /**
   * As the run is called as far as the command line and the environment tell. A configuration file may name it otherwise, and a name that is taken
   * gets a suffix: who asks for a run by this name, with this socket beside it, means the one behind the socket.
   */
  readonly run: string
  /** Where the run will listen: in a folder of its own, short enough for a socket. */
  readonly socket: string
}

export interface AnnouncedRun {
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /** From the command line; null: it has none. */
  readonly name: string | null
  /** Milliseconds since the epoch. */
  readonly launchedAt: number
}

export function announce({ command, environment, name, launchedAt }: AnnouncedRun): Announcement {
  const own = name ?? environment['ODOP_NAME'] ?? ''
  const run = own === '' ? defaultRunName({ command, environment, now: launchedAt }).name : own
  return { run, socket: path.join(temporaryFolder(environment), `${SOCKET_FOLDER}${randomName()}`, 's') }
}

/** The same environment with what is announced in it. */
export function announced<T extends string | undefined>(
  environment: Readonly<Record<string, T>>,
  { run, socket }: Announcement,
): Record<string, T | string> {
  return { ...environment, ODOP_RUN: run, ODOP_SOCKET: socket }
}

/** How folders of sockets begin. */
export const SOCKET_FOLDER = 'odop-control-'

/** With what follows, a path has at most 103 bytes: as many as a socket's may have on every system (107 on Linux). */
const LONGEST_FOLDER_BYTES = 60

function temporaryFolder({ TMPDIR: folder = '' }: Readonly<Record<string, string | undefined>>): string {
  return path.isAbsolute(folder) && Buffer.byteLength(folder) <= LONGEST_FOLDER_BYTES ? folder : '/tmp'
}

/** Nobody can guess it, and so nobody can be there before us. Not by `node:crypto`: that takes a while to load. */
function randomName(): string {
  const bytes = Buffer.alloc(12)
  const file = openSync('/dev/urandom', 'r')
  try {
    readSync(file, bytes)
  } finally {
    closeSync(file)
  }
  return bytes.toString('base64url')
}
