import { execa } from 'execa'
import type { PlannedChannel } from './plan.ts'

/** What starts agents, such as `srun`: its standard streams are the channel to them. */
export type Launcher = ReturnType<typeof startLauncher>

export function startLauncher({ command, environment }: Pick<PlannedChannel, 'command' | 'environment'>) {
  const [program = '', ...words] = command
  const launcher = execa(program, words, {
    env: environment,
    extendEnv: false,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    reject: false,
    // A session of its own: a Ctrl-C at the terminal is for the application, and srun takes two for "end the step".
    detached: true,
    cleanup: false,
  })
  launcher.stdin.on('error', () => {})
  return launcher
}
