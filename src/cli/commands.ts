import type { Command } from './command.ts'
import { completeCommand } from './complete-command.ts'
import { completionCommand } from './completion-command.ts'
import { doctorCommand } from './doctor-command.ts'
import { drainCommand } from './drain-command.ts'
import { explainCommand } from './explain-command.ts'
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

/** All commands of odop, those for users listed by `odop --help` in the groups of help/help-data.ts. */
export const commands: readonly Command[] = [
  runCommand,
  monitorCommand,
  topCommand,
  statusCommand,
  explainCommand,
  reportCommand,
  runsCommand,
  drainCommand,
  signalCommand,
  pauseCommand,
  resumeCommand,
  cancelCommand,
  tasksCommand,
  initCommand,
  simulateCommand,
  doctorCommand,
  completionCommand(() => commands),
  completeCommand,
]
