import { type Command, stringOf } from './command.ts'

export const explainCommand: Command = {
  usage: 'explain RUN [TASK]',
  describe: 'why work items do not run now, and what each task waits for',
  options: {
    json: { type: 'boolean', describe: 'as JSON' },
  },
  async run(given) {
    const { explainRun } = await import('./explain-run.ts')
    return explainRun({
      run: stringOf(given, 'RUN') ?? '',
      task: stringOf(given, 'TASK'),
      json: given['json'] === true,
      cwd: process.cwd(),
      environment: process.env,
    })
  },
}
