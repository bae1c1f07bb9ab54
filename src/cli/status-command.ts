import { type Command, stringOf } from './command.ts'

export const statusCommand: Command = {
  usage: 'status [RUN]',
  describe: 'what a live or finished run is doing (default: the newest)',
  options: { json: { type: 'boolean', describe: 'as JSON' } },
  async run(given) {
    const { printStatus } = await import('./print-status.ts')
    return printStatus({
      run: stringOf(given, 'RUN'),
      json: given['json'] === true,
      cwd: process.cwd(),
      environment: process.env,
    })
  },
}
