import { type Command, stringOf } from './command.ts'

export const tasksCommand: Command = {
  usage: 'tasks ACTION [NAME..]',
  describe:
    'check, list: task folders (default: ./tasks), or the tasks of a run; add RUN FILE.., remove RUN TASK..: change those of a run',
  options: {
    json: { type: 'boolean', describe: 'as JSON (check, list)' },
    now: { type: 'boolean', describe: 'end what of the task runs, too (remove)' },
  },
  async run(given, invocation) {
    const action = stringOf(given, 'ACTION') ?? ''
    // yargs keeps only the last of several: none of the options takes a value, so the others are names.
    const [, , ...names] = invocation.odop.filter(word => !word.startsWith('-'))
    const place = { cwd: process.cwd(), environment: process.env }
    if (action === 'add' || action === 'remove') {
      const { changeTasks } = await import('./change-tasks.ts')
      const [run = '', ...rest] = names
      return changeTasks({ action, run, names: rest, now: given['now'] === true, ...place })
    }
    const { printTasks } = await import('./print-tasks.ts')
    return printTasks({ action, names, json: given['json'] === true, ...place })
  },
}
