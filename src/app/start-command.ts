import { pathToBytes } from '../os/path-bytes.ts'

/** What is to be started, as `spawn` takes it. */
export interface StartCommand {
  readonly file: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

export interface StartRequest {
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly ignoredSignals: readonly number[]
  readonly closedFds: readonly number[]
  /** null: as it is. */
  readonly openFilesLimit: number | null
  /** The kernel may refuse to execute the file: a shell knows best what is done then. */
  readonly mayBeRefused: boolean
}

/**
 * The command itself wherever that is enough. Else `/bin/sh` makes the conditions that Node can't make for a child and
 * becomes the application by `exec`, so that process id, exit codes and messages are the right ones.
 */
export function startCommand(request: StartRequest): StartCommand {
  const [file = '', ...args] = request.command
  return needsShell(request) ? throughShell(request) : { file, args, environment: request.environment }
}

function needsShell({ command, environment, ...request }: StartRequest): boolean {
  return (
    request.ignoredSignals.length > 0 ||
    request.closedFds.length > 0 ||
    request.openFilesLimit !== null ||
    request.mayBeRefused ||
    !command.every(isText) ||
    !Object.values(environment).every(isText) ||
    !Object.keys(environment).every(isText)
  )
}

function throughShell(request: StartRequest): StartCommand {
  const { command, environment, ignoredSignals, closedFds, openFilesLimit } = request
  const entries = Object.entries(environment)
  const names = entries.filter(([name]) => IDENTIFIER.test(name))
  const byEnv = entries.filter(([name]) => !IDENTIFIER.test(name)).map(entry => entry.join('='))
  // Shells drop variables with other names; env(1) sets them, but would take a command with a `=` for one more.
  const words = byEnv.length > 0 && !command[0]?.includes('=') ? ['env', ...byEnv, ...command] : command

  const script = [
    ...ignoredSignals.map(signal => `trap '' ${signal}`),
    ...(openFilesLimit === null ? [] : [`ulimit -Sn ${openFilesLimit}`]),
    ...names
      .filter(([, value]) => !isText(value))
      .map(([name, value]) => `${setBytes(name, value)}; export ${name}`),
    ...words.flatMap((word, index) => (isText(word) ? [] : [setBytes(`odop_${index}`, word)])),
    ['exec', ...words.map(reference), ...closedFds.map(fd => `${fd}<&-`)].join(' '),
  ]
  return {
    file: '/bin/sh',
    args: ['-c', script.join('\n'), 'odop', ...words.map(word => (isText(word) ? word : ''))],
    environment: Object.fromEntries(names.filter(([, value]) => isText(value))),
  }
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/

function reference(word: string, index: number): string {
  return isText(word) ? `"\${${index + 1}}"` : `"$odop_${index}"`
}

/** Lone surrogates stand for bytes that are not UTF-8; Node can't pass them. */
function isText(text: string): boolean {
  return text.isWellFormed()
}

/** A command substitution loses newlines at its end: a last character protects them. */
function setBytes(name: string, text: string): string {
  const octal = Array.from(Buffer.from(pathToBytes(text)), byte => `\\${byte.toString(8).padStart(3, '0')}`)
  return `${name}=$(printf '${octal.join('')}.'); ${name}=\${${name}%.}`
}
