/**
 * The keeper: the small process between odop and its runners. It exists so that nothing is ever left over: when its
 * channel closes, because odop has ended or was killed, it ends everything that it has started, and then itself.
 */
import { systemCalls } from '../../os/system-calls.ts'
import { Keeper } from './keeper.ts'
import type { ToKeeper } from './messages.ts'

const CHECK_INTERVAL_MS = 3_000
/** A terminal, Slurm and users send these to all that they can see; only the end of the channel ends the keeper. */
const NOT_FOR_US = [
  'SIGINT',
  'SIGHUP',
  'SIGTERM',
  'SIGQUIT',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGALRM',
] as const
const NOT_FOR_US_EITHER = ['SIGUSR1', 'SIGUSR2', 'SIGXCPU'] as const

for (const signal of [...NOT_FOR_US, ...NOT_FOR_US_EITHER]) process.on(signal, () => {})
const native = systemCalls()
native?.becomeSubreaper()
native?.leadProcessGroup()

const keeper = new Keeper({
  native,
  environment: { ...process.env },
  tell: message => {
    if (process.connected) process.send?.(message, undefined, undefined, () => {})
  },
})

process.on('message', message => keeper.receive(message as ToKeeper))
process.on('disconnect', () => void endEverything(0))
// A mistake in the keeper must leave nothing over either.
process.on('uncaughtException', () => void endEverything(1))
setInterval(() => keeper.check(), CHECK_INTERVAL_MS).unref()
if (!process.connected) void endEverything(0)

async function endEverything(code: number): Promise<void> {
  await keeper.endEverything()
  process.exit(code)
}
