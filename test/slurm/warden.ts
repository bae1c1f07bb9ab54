import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { descendants, readProcessStat } from '../../src/os/proc.ts'
import { systemCalls } from '../../src/os/system-calls.ts'

/**
 * Starts the daemons of a cluster, and ends them with every job when its stdin closes, which it does when the test ends in
 * whatever way. Reads lines of `Daemon` as JSON, and writes one line when a daemon has ended that should not have.
 * slurmstepd and its jobs daemonise: this process is a child subreaper, so they stay its descendants.
 *
 * Argument: the cluster's folder, removed in the end.
 */
export interface Daemon {
  readonly command: readonly string[]
  /** Where its output goes. */
  readonly log: string
}

const [folder = ''] = process.argv.slice(2)
const calls = systemCalls()
calls?.becomeSubreaper()
// Only the pipe's end counts: a Ctrl-C ends the test, and that closes the pipe.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

const daemons = new Set<ChildProcess>()
const commands = createInterface({ input: process.stdin })
commands.on('line', line => start(JSON.parse(line) as Daemon))
commands.on('close', end)
setInterval(reapOrphans, 100)

function start({ command, log }: Daemon): void {
  const file = openSync(log, 'a')
  // Should this process be killed, the daemons at least go with it.
  const daemon = spawn('setpriv', ['--pdeathsig', 'KILL', ...command], {
    stdio: ['ignore', file, file],
    cwd: folder,
  })
  closeSync(file)
  daemons.add(daemon)
  daemon.once('exit', (code, signal) => {
    daemons.delete(daemon)
    process.stdout.write(`${command.join(' ')} ended with ${signal ?? code}, see ${log}\n`)
  })
}

/** Only Node may wait for the daemons themselves. */
function reapOrphans(): void {
  for (let zombie = calls?.zombieChild(); zombie; zombie = calls?.zombieChild()) {
    const pid = zombie
    if ([...daemons].some(daemon => daemon.pid === pid) || !calls?.reap(pid)) return
  }
}

/** Daemons first, or they would still start something; again and again, until nothing is left. */
function end(): void {
  process.stdout.on('error', () => {})
  for (const daemon of daemons) daemon.kill('SIGKILL')
  const alive = () => descendants(process.pid).filter(pid => (readProcessStat(pid)?.state ?? 'Z') !== 'Z')
  setInterval(() => {
    const left = alive()
    for (const pid of left) killQuietly(pid)
    if (left.length > 0) return
    rmSync(folder, { recursive: true, force: true })
    process.exit()
  }, 10)
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended meanwhile.
  }
}
