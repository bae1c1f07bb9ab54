import { type Command, stringOf } from './command.ts'

export const statusCommand: Command = {
  usage: 'status [RUN]',
  describe: 'what a live or finished run is doing (default: the newest)',
  options: {
    json: { type: 'boolean', describe: 'as JSON' },
    watch: { type: 'boolean', describe: 'again every second until the run has ended (q: quit)' },
  },
  async run(given) {
    const { printStatus } = await import('./print-status.ts')
    return printStatus({
      run: stringOf(given, 'RUN'),
      json: given['json'] === true,
      watch: given['watch'] === true,
      cwd: process.cwd(),
      environment: process.env,
    })
  },
}
