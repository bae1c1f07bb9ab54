import { parseDuration } from '../core/units.ts'
import { writeStderr } from '../os/stderr.ts'
import { type Command, stringOf } from './command.ts'

export const waitCommand: Command = {
  usage: 'wait RUN',
  describe: 'wait until the tasks of a run have nothing left to do',
  options: {
    task: { type: 'string', describe: 'only this task', requiresArg: true },
    timeout: { type: 'string', describe: 'at most for this duration, such as 10m', requiresArg: true },
  },
  async run(given) {
    const timeout = stringOf(given, 'timeout')
    const timeoutSeconds = timeout === null ? null : parseDuration(timeout)
    if (timeoutSeconds !== null && typeof timeoutSeconds !== 'number') {
      writeStderr(`odop: --timeout: expected a duration such as '90s' or '10m', found '${timeout}'\n`)
      return 2
    }
    const { waitRun } = await import('./wait-run.ts')
    return waitRun({
      run: stringOf(given, 'RUN') ?? '',
      task: stringOf(given, 'task'),
      timeoutSeconds,
      cwd: process.cwd(),
      environment: process.env,
    })
  },
}
