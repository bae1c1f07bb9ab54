import type { Command } from './command.ts'

export const runsCommand: Command = {
  usage: 'runs',
  describe: 'list the runs and what became of them',
  options: { json: { type: 'boolean', describe: 'as JSON' } },
  async run(given) {
    const { printRuns } = await import('./print-runs.ts')
    return printRuns({ json: given['json'] === true, cwd: process.cwd(), environment: process.env })
  },
}
