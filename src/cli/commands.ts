import type { Command } from './command.ts'
import { doctorCommand } from './doctor-command.ts'
import { drainCommand } from './drain-command.ts'
import { cancelCommand, pauseCommand, resumeCommand } from './harvest-commands.ts'
import { initCommand } from './init-command.ts'
import { reportCommand } from './report-command.ts'
import { monitorCommand, runCommand } from './run-command.ts'
import { runsCommand } from './runs-command.ts'
import { signalCommand } from './signal-command.ts'
import { simulateCommand } from './simulate-command.ts'
import { statusCommand } from './status-command.ts'
import { tasksCommand } from './tasks-command.ts'
import { topCommand } from './top-command.ts'
import { waitCommand } from './wait-command.ts'

/** All commands of odop, in the order in which `odop --help` lists them. */
export const commands: readonly Command[] = [
  runCommand,
  monitorCommand,
  topCommand,
  statusCommand,
  reportCommand,
  runsCommand,
  drainCommand,
  signalCommand,
  waitCommand,
  pauseCommand,
  resumeCommand,
  cancelCommand,
  tasksCommand,
  initCommand,
  simulateCommand,
  doctorCommand,
]
