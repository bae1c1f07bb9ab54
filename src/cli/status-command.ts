import { type Command, stringOf } from './command.ts'

export const statusCommand: Command = {
  usage: 'status [RUN]',
  describe: 'what a live or finished run is doing (default: the newest)',
  options: {
    task: { type: 'string', describe: 'details of one task', requiresArg: true },
    item: { type: 'string', describe: 'details of one work item, such as reduce#12', requiresArg: true },
    json: { type: 'boolean', describe: 'as JSON' },
    watch: { type: 'boolean', describe: 'again every second until the run has ended (q: quit)' },
  },
  async run(given) {
    const { printStatus } = await import('./print-status.ts')
    return printStatus({
      run: stringOf(given, 'RUN'),
      task: stringOf(given, 'task'),
      item: stringOf(given, 'item'),
      json: given['json'] === true,
      watch: given['watch'] === true,
      cwd: process.cwd(),
      environment: process.env,
    })
  },
}
