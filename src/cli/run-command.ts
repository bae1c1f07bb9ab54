import { parseFlags } from '../config.ts'
import { writeStderr } from '../os/stderr.ts'
import { systemCalls } from '../os/system-calls.ts'
import { run } from '../run.ts'
import { type Command, type Given, type Invocation, stringOf } from './command.ts'

const summaryOptions = {
  name: { type: 'string', describe: 'name of the run; the same name again goes on where it ended' },
  config: { type: 'string', describe: 'configuration file', requiresArg: true },
  quiet: { type: 'boolean', describe: 'no summary on stderr, only warnings' },
  summary: { type: 'string', describe: 'write summary.json to this file too', requiresArg: true },
  'no-report': { type: 'boolean', describe: 'no report.html at the end' },
  api: {
    type: 'string',
    describe: 'HTTP on this port of this host too, or on HOST:PORT (a token is needed)',
    requiresArg: true,
  },
  progress: {
    type: 'string',
    describe: 'files that the application writes at each step, such as "out/*.h5": its pace is watched',
    requiresArg: true,
  },
} as const

export const runCommand: Command = {
  usage: 'run',
  describe: 'run an application: odop run [options] -- COMMAND…',
  options: {
    ...summaryOptions,
    tasks: { type: 'array', string: true, describe: 'folders of task modules (default: ./tasks)' },
    policy: {
      type: 'string',
      describe: 'order of the queue: priority, fifo, round_robin, best_fit, or a module: ./my-policy.ts',
      requiresArg: true,
    },
    drain: {
      type: 'string',
      describe: 'finish the queue after the application has ended, at most for DURATION',
    },
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
    'reserve-cores': { type: 'string', describe: 'so many cores stay free of tasks', requiresArg: true },
    'idle-threshold': {
      type: 'string',
      describe: 'use in percent under which a core is idle (10)',
      requiresArg: true,
    },
    'memory-reserve': {
      type: 'string',
      describe: 'memory that stays free, such as 2G or 10%',
      requiresArg: true,
    },
    'max-slowdown': {
      type: 'string',
      describe: 'back off when tasks slow the application down by more than this, such as 3%',
      requiresArg: true,
    },
    dashboard: {
      type: 'boolean',
      describe: 'show what odop does below the output of the application; in a log a line now and then',
    },
    'no-tasks': { type: 'boolean', describe: 'only measure' },
  },
  run: (given, invocation) => launch(given, invocation, 'run'),
}

export const monitorCommand: Command = {
  usage: 'monitor',
  describe: 'the same without tasks: odop monitor -- COMMAND… measures what could be harvested',
  options: summaryOptions,
  run: (given, invocation) => launch(given, invocation, 'monitor'),
}

/** Whatever is wrong with the command line is said before the application is launched. */
async function launch(given: Given, { application }: Invocation, mode: 'run' | 'monitor'): Promise<number> {
  const { flags, problems } = parseFlags(given)
  if (application === null || application.length === 0) {
    problems.unshift(`expected the application after --, such as: odop ${mode} -- ./app`)
  }
  if (problems.length > 0 || application === null) {
    for (const problem of problems) writeStderr(`odop: ${problem}\n`)
    return 2
  }
  const code = await run({
    mode,
    command: application,
    flags,
    configFile: stringOf(given, 'config'),
    cwd: process.cwd(),
    environment: process.env,
  })
  return exitAtOnce(code)
}

/**
 * At its own exit Node would set the terminal back to the modes in which odop was called, though the application may have
 * changed them to stay (`stty`), and would wait for threads that hang in a dead file system. All that odop has to say is
 * written by now.
 */
function exitAtOnce(code: number): number {
  process.emit('exit', code)
  systemCalls()?.exitAtOnce(code)
  return code
}
