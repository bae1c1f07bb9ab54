import { parseFlags } from '../config.ts'
import { writeStderr } from '../os/stderr.ts'
import { type Command, stringOf } from './command.ts'

export const drainCommand: Command = {
  usage: 'drain RUN',
  describe: 'work off what a run left over',
  options: {
    for: { type: 'string', describe: 'at most for this duration, such as 10m', requiresArg: true },
    policy: { type: 'string', describe: 'order of the queue (that of the run)', requiresArg: true },
    'max-cpus': { type: 'string', describe: 'at most so many cores for tasks', requiresArg: true },
    'max-io-bound': {
      type: 'string',
      describe: 'so many ioBound tasks at once on a node (1)',
      requiresArg: true,
    },
    'max-network-bound': {
      type: 'string',
      describe: 'so many networkBound tasks at once on a node (1)',
      requiresArg: true,
    },
    'exclude-cpus': {
      type: 'string',
      describe: 'cores that tasks must not use, such as 0-3,7',
      requiresArg: true,
    },
    hosts: { type: 'string', describe: 'further hosts, reached through ssh: a,b,c', requiresArg: true },
    'host-file': {
      type: 'string',
      describe: 'a file with such hosts, as mpirun takes it',
      requiresArg: true,
    },
    api: {
      type: 'string',
      describe: 'HTTP on this port of this host too, or on HOST:PORT (a token is needed)',
      requiresArg: true,
    },
    quiet: { type: 'boolean', describe: 'no summary on stderr' },
    summary: { type: 'string', describe: 'write summary.json to this file too', requiresArg: true },
    'no-report': { type: 'boolean', describe: 'no report.html at the end' },
  },
  async run(given) {
    const limit = stringOf(given, 'for')
    const { flags, problems } = parseFlags({ ...given, drain: limit ?? '' })
    if (problems.length > 0) {
      for (const problem of problems) writeStderr(`odop: ${problem}\n`)
      return 2
    }
    const { drainRun } = await import('../drain.ts')
    return drainRun({
      run: stringOf(given, 'RUN') ?? '',
      flags,
      cwd: process.cwd(),
      environment: process.env,
    })
  },
}
