import { closeSync, constants, openSync } from 'node:fs'
import type { FilePath } from '../../core/model.ts'
import { pathToBytes } from '../../os/path-bytes.ts'
import { type SystemCalls, systemCalls } from '../../os/system-calls.ts'

/**
 * - `free`: no process has the file open for writing, nor mapped
 * - `busy`: one has
 * - `unknown`: not to be had for this file (another user's, a file system without leases)
 */
export type LeaseAnswer = 'free' | 'busy' | 'unknown'

/** Asks the kernel about one file. Synchronous, 20 µs; only for local file systems. */
export type AskLease = (path: FilePath) => LeaseAnswer

/**
 * The kernel gives a read lease (fcntl(2), F_SETLEASE) only on a file that nobody has open for writing: one exact answer, whoever the writer
 * is, where a search through /proc costs milliseconds. The lease is given back in the same breath. Somebody who opens the file to
 * write in these microseconds waits for their end, and the kernel tells us with a signal: SIGURG instead of the usual
 * SIGIO, because SIGURG does nothing to a process (also when it is passed on) and SIGIO ends it.
 */
export function leaseAsker(): AskLease | null {
  const native = systemCalls()
  return native === null ? null : path => ask(native, path)
}

function ask(native: SystemCalls, path: FilePath): LeaseAnswer {
  let fd: number
  try {
    fd = openSync(pathToBytes(path), constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return 'unknown'
  }
  try {
    return native.probeLease(fd)
  } finally {
    closeSync(fd)
  }
}
