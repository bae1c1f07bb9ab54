import { type Command, stringOf, stringsOf } from './command.ts'

export const tasksCommand: Command = {
  usage: 'tasks ACTION [FOLDER..]',
  describe: 'check: what is wrong with task folders; list: the tasks in them (default: ./tasks)',
  options: { json: { type: 'boolean', describe: 'as JSON' } },
  async run(given) {
    const { printTasks } = await import('./print-tasks.ts')
    return printTasks({
      action: stringOf(given, 'ACTION') ?? '',
      folders: stringsOf(given, 'FOLDER') ?? [],
      json: given['json'] === true,
      cwd: process.cwd(),
      environment: process.env,
    })
  },
}
