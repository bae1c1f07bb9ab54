/** An agent on a node that is not the supervisor's. Its standard streams are the channel to the supervisor. */
import { version } from '../version.ts'
import { AgentProcess } from './agent-process.ts'

/** Slurm sends these to all steps, and terminals to all that they see; what they mean is decided by the supervisor. */
const SIGNALS = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGXCPU',
  'SIGQUIT',
] as const

process.stdout.on('error', () => {})
const agent = new AgentProcess({
  environment: process.env,
  version: version(),
  read: process.stdin,
  write: lines => void process.stdout.write(lines),
  onEnd: () => {
    // The last word has to be out before the process is.
    process.stdout.write('', () => process.exit(0))
  },
})
for (const signal of SIGNALS) process.on(signal, () => agent.signalled(signal))
