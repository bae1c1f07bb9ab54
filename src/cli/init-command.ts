import type { Command } from './command.ts'

export const initCommand: Command = {
  usage: 'init',
  describe: 'write a first task and a configuration into this folder',
  options: {},
  async run() {
    const { writeFirstTask } = await import('./write-first-task.ts')
    return writeFirstTask(process.cwd())
  },
}
