import { type Command, stringOf } from './command.ts'

export const topCommand: Command = {
  usage: 'top [RUN]',
  describe: 'live dashboard of a run: cores, queue, attempts, events (default: the newest)',
  options: {},
  async run(given) {
    const { top } = await import('./top.ts')
    return top({ run: stringOf(given, 'RUN'), cwd: process.cwd(), environment: process.env })
  },
}
