/** A runner: the kept process in which attempts execute. Started by a keeper, with the keeper's pid as its argument. */
import { systemCalls } from '../../os/system-calls.ts'
import type { FromRunner, ToRunner } from '../keeper/messages.ts'
import { OWN_SESSION } from '../keeper/messages.ts'
import { sendToTree } from '../keeper/signals.ts'
import { Runner } from './runner.ts'
import { settle } from './settle.ts'

const TIDY_INTERVAL_MS = 3_000
/**
 * The group gets SIGTERM for the sake of what the task has started; the function is told by message. SIGUSR1 without
 * a handler would open Node's inspector, which is a port.
 */
const NOT_FOR_US = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const

for (const signal of NOT_FOR_US) process.on(signal, () => {})
const keeper = Number(process.argv[2])
const native = systemCalls()
settle(native, process.argv[3] === OWN_SESSION)
// It may have died before the kernel was asked to tell.
if (process.ppid !== keeper) process.exit(1)

const send = process.send?.bind(process)
const tell = (message: FromRunner) => void send?.(message, undefined, undefined, () => {})
const runner = new Runner(native, tell)

process.on('message', message => runner.receive(message as ToRunner))
process.on('disconnect', () => sendToTree('SIGKILL', process.pid))
process.on('uncaughtException', error => runner.uncaught(error))
process.on('exit', code => runner.exiting(code))
setInterval(() => runner.tidyUp(), TIDY_INTERVAL_MS).unref()
// The channel is odop's: a task that finds none behaves as it would in a process of its own.
Object.assign(process, { send: undefined, disconnect: undefined, argv: process.argv.slice(0, 2) })
tell({ type: 'ready' })
