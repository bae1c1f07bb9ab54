import { constants } from 'node:os'

/** How the application ended: an exit code, a signal, or it could not be started at all. */
export interface ApplicationExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly spawnError: SpawnError | null
}

export interface SpawnError {
  /** The system's name of the error, such as `ENOENT`. */
  readonly code: string
  /** One line for the user, as a shell would say it. */
  readonly message: string
}

/** What a shell would report of the same command: 128+n for signal n, 127 for not found, 126 for not executable. */
export function exitCodeOf(exit: ApplicationExit): number {
  if (exit.spawnError !== null) return isNotFound(exit.spawnError.code) ? 127 : 126
  if (exit.signal !== null) return 128 + constants.signals[exit.signal]
  return exit.code ?? 1
}

/** What is there under the command's name, where the name is a path; null: it is a name to look up in PATH. */
export type FoundFile = 'nothing' | 'file' | 'folder' | null

export function spawnError(command: string, code: string, found: FoundFile): SpawnError {
  return { code, message: `${command}: ${reasonOf(code, found)}` }
}

function reasonOf(code: string, found: FoundFile): string {
  if (isNotFound(code)) {
    if (found === null) return 'command not found'
    return found === 'nothing' ? 'No such file or directory' : 'cannot execute: required file not found'
  }
  if (found === 'folder') return 'Is a directory'
  return reasons[code] ?? `cannot execute: ${code}`
}

/** Node refuses the empty name by an error of its own; for a shell it is a command that is not found. */
function isNotFound(code: string): boolean {
  return code === 'ENOENT' || code === 'ERR_INVALID_ARG_VALUE'
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EPERM: 'Operation not permitted',
  ENOTDIR: 'Not a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENOEXEC: 'cannot execute binary file: Exec format error',
  E2BIG: 'Argument list too long',
  ENOMEM: 'Cannot allocate memory',
  EAGAIN: 'Resource temporarily unavailable',
  ETXTBSY: 'Text file busy',
}
