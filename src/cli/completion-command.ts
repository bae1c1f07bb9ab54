import { writeStderr } from '../os/stderr.ts'
import { type Command, stringOf } from './command.ts'
import { print } from './print.ts'

/** @param commands all commands, asked for when the script is made: this one is among them */
export function completionCommand(commands: () => readonly Command[]): Command {
  return {
    usage: 'completion SHELL',
    describe: 'print a script with which bash, zsh or fish completes commands, options, runs and tasks',
    options: {},
    async run(given) {
      const shell = stringOf(given, 'SHELL') ?? ''
      const { completionScript } = await import('./completion/completion-script.ts')
      const script = completionScript(shell, commands())
      if (script === null) {
        writeStderr(`odop: expected 'odop completion bash', 'zsh' or 'fish', got '${shell}'\n`)
        return 2
      }
      print(script)
      return 0
    },
  }
}
