import { readFileSync } from 'node:fs'
import { bytesToPath } from '../os/path-bytes.ts'

/**
 * What the application would have inherited without odop, where Node has changed it before any code of odop runs.
 * Texts keep bytes that are not UTF-8 as lone surrogates, see `os/path-bytes.ts`.
 */
export interface LaunchContext {
  /** The environment with which `odop` was called. */
  readonly environment: Readonly<Record<string, string>>
  /** Numbers of the signals that were ignored (`nohup`), but SIGCHLD, which shells use; Node makes them count again. */
  readonly ignoredSignals: readonly number[]
  /** The soft limit of open files, which Node raises to the hard limit; null: unlimited, or not known. */
  readonly openFilesLimit: number | null
  /** Open descriptors above 2 (`./app 3<file`, `<(command)`), which Node marks as not to be inherited. */
  readonly inheritedFds: readonly number[]
  /** Those of 0, 1 and 2 that were closed; Node opens /dev/null in their place. */
  readonly closedFds: readonly number[]
}

/**
 * Reads what `bin/odop.js` noted. Where it noted nothing, or for another process (`node bin/odop.js`, other systems),
 * the environment is the present one, and nothing is known of the rest.
 */
export function readLaunchContext(
  present: Readonly<Record<string, string | undefined>>,
  pid: number,
): LaunchContext {
  const { [NOTES]: notes, [ENVIRONMENT]: original, ...rest } = present
  const [noted, ignored, limit, ...fds] = (notes ?? '').split(' ')
  if (Number(noted) !== pid) return { ...nothingNoted, environment: defined(rest) }
  const open = fds.map(Number)
  return {
    environment: original ? decodeEnvironment(Buffer.from(original, 'base64')) : defined(rest),
    ignoredSignals: signalsOfMask(ignored ?? ''),
    openFilesLimit: Number(limit) > 0 ? Number(limit) : null,
    inheritedFds: open.filter(fd => fd > 2 && fd <= HIGHEST_FD),
    closedFds: [0, 1, 2].filter(fd => !open.includes(fd)),
  }
}

/**
 * The command with the very bytes of its arguments: in `process.argv` those that are not UTF-8 are lost. The command
 * must be the end of the command line.
 */
export function exactCommand(command: readonly string[]): readonly string[] {
  if (!command.some(argument => argument.includes('\uFFFD'))) return command
  try {
    const words = splitAtNul(readFileSync('/proc/self/cmdline')).slice(-command.length)
    return words.map((word, index) =>
      word.toString() === command[index] ? bytesToPath(word) : (command[index] ?? ''),
    )
  } catch {
    return command
  }
}

const NOTES = 'ODOP_LAUNCH'
const ENVIRONMENT = 'ODOP_LAUNCH_ENVIRONMENT'
/** A descriptor costs an entry in a list up to its number; nobody passes higher ones on. */
const HIGHEST_FD = 1023
/** Node and libuv leave the real-time signals above as they are. */
const HIGHEST_RESET_SIGNAL = 31

const nothingNoted = { ignoredSignals: [], openFilesLimit: null, inheritedFds: [], closedFds: [] }

function defined(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  return Object.fromEntries(entries)
}

function decodeEnvironment(block: Buffer): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const entry of splitAtNul(block)) {
    const text = bytesToPath(entry)
    // The first character may be a `=` and belong to the name.
    const equals = text.indexOf('=', 1)
    if (equals > 0) environment[text.slice(0, equals)] = text.slice(equals + 1)
  }
  return environment
}

function splitAtNul(block: Buffer): Buffer[] {
  const parts: Buffer[] = []
  for (let start = 0; start < block.length; ) {
    const nul = block.indexOf(0, start)
    const end = nul === -1 ? block.length : nul
    parts.push(block.subarray(start, end))
    start = end + 1
  }
  return parts
}

/** The kernel's mask is hexadecimal, signal n is bit n - 1. */
function signalsOfMask(mask: string): number[] {
  const bits = /^[0-9a-f]+$/.test(mask) ? BigInt(`0x${mask}`) : 0n
  const signals = Array.from({ length: HIGHEST_RESET_SIGNAL }, (_, index) => index + 1)
  return signals.filter(signal => (bits >> BigInt(signal - 1)) & 1n)
}
