import type { ControlRequest } from '../supervisor/control-protocol.ts'
import { type Command, type Given, stringOf } from './command.ts'

/** Commands that tell a live run what to do with its tasks. */

export const pauseCommand: Command = {
  usage: 'pause RUN',
  describe: 'suspend the tasks of a live run, and start none, until odop resume RUN',
  options: {},
  run: given => tell(given, { type: 'pause' }),
}

export const resumeCommand: Command = {
  usage: 'resume RUN',
  describe: 'let the tasks of a live run go on after odop pause RUN',
  options: {},
  run: given => tell(given, { type: 'resume' }),
}

export const cancelCommand: Command = {
  usage: 'cancel RUN ITEM',
  describe: 'give up a work item of a live run, such as reduce#3: it is not tried again',
  options: {},
  run: given => tell(given, { type: 'cancel', item: stringOf(given, 'ITEM') ?? '' }),
}

async function tell(given: Given, request: ControlRequest): Promise<number> {
  const { tellRun } = await import('./tell-run.ts')
  const run = stringOf(given, 'RUN') ?? ''
  return tellRun({ run, request, cwd: process.cwd(), environment: process.env })
}
