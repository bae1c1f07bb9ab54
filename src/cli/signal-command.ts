import { type Command, stringOf, stringsOf } from './command.ts'

export const signalCommand: Command = {
  usage: 'signal RUN NAME',
  describe: 'tell a live run that something has happened; progress: the application has made a step',
  options: {
    file: { type: 'array', string: true, describe: 'a file that goes with it' },
  },
  async run(given) {
    const { signalRun } = await import('./signal-run.ts')
    return signalRun({
      run: stringOf(given, 'RUN') ?? '',
      name: stringOf(given, 'NAME') ?? '',
      files: stringsOf(given, 'file') ?? [],
      cwd: process.cwd(),
      environment: process.env,
    })
  },
}
