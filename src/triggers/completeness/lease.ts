import { closeSync, constants, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { FilePath } from '../../core/model.ts'
import { pathToBytes } from '../../os/path-bytes.ts'

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
  const native = bind()
  return native === null ? null : path => ask(native, path)
}

interface Native {
  fcntl(fd: number, command: number, value: number): number
  errno(): number
}

const F_SETSIG = 10
const F_SETLEASE = 1024
const F_RDLCK = 0
const F_UNLCK = 2
const SIGURG = 23
const EAGAIN = 11

function ask({ fcntl, errno }: Native, path: FilePath): LeaseAnswer {
  let fd: number
  try {
    fd = openSync(pathToBytes(path), constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return 'unknown'
  }
  try {
    if (fcntl(fd, F_SETSIG, SIGURG) !== 0) return 'unknown'
    if (fcntl(fd, F_SETLEASE, F_RDLCK) !== 0) return errno() === EAGAIN ? 'busy' : 'unknown'
    fcntl(fd, F_SETLEASE, F_UNLCK)
    return 'free'
  } finally {
    closeSync(fd)
  }
}

function bind(): Native | null {
  if (process.platform !== 'linux') return null
  try {
    const koffi = createRequire(import.meta.url)('koffi')
    const fcntl = koffi.load('libc.so.6').func('int fcntl(int, int, long)')
    return { fcntl, errno: () => koffi.errno() }
  } catch {
    return null
  }
}
