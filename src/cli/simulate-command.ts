import { type Command, stringOf } from './command.ts'

export const simulateCommand: Command = {
  usage: 'simulate',
  describe: 'be an application that computes and pauses in turn, to try tasks out: odop run -- odop simulate',
  options: {
    cpus: {
      type: 'string',
      describe: 'cores to keep busy: how many, or a list such as 0-3,7 (all)',
      requiresArg: true,
    },
    busy: { type: 'string', describe: 'how long it computes in a cycle (3s)', requiresArg: true },
    idle: { type: 'string', describe: 'how long it pauses in a cycle (3s)', requiresArg: true },
    cycles: { type: 'string', describe: 'so many cycles (10)', requiresArg: true },
    time: { type: 'string', describe: 'for so long, in place of --cycles', requiresArg: true },
    level: {
      type: 'string',
      describe: 'how busy a core is while it computes, such as 60% (100%)',
      requiresArg: true,
    },
    files: {
      type: 'string',
      describe: 'write a file into this folder at the end of each cycle',
      requiresArg: true,
    },
  },
  async run(given) {
    const { simulate } = await import('./simulate.ts')
    return simulate({
      cpus: stringOf(given, 'cpus'),
      busy: stringOf(given, 'busy'),
      idle: stringOf(given, 'idle'),
      cycles: stringOf(given, 'cycles'),
      time: stringOf(given, 'time'),
      level: stringOf(given, 'level'),
      files: stringOf(given, 'files'),
    })
  },
}
