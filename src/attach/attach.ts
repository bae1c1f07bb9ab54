import { announce } from '../app/announcement.ts'
import type { CaughtSignals } from '../app/caught-signals.ts'
import type { OdopEvent } from '../core/events.ts'
import type { Added } from '../program/messages.ts'
import { type Supervision, supervise } from '../supervisor/supervise.ts'
import { AddedTasks } from './added-tasks.ts'
import { readOptions } from './options.ts'
import { type AddMessage, Program } from './program.ts'
import { hearSignals } from './signals.ts'

/**
 * What `odop run` does, beside a program that has called `start()`: request → supervise → drain → report. The program is not
 * waited for but heard of: it asks for the end, says that it exits, or is gone.
 */
export async function attach(caught: CaughtSignals): Promise<void> {
  const launchedAt = Date.now()
  const program = new Program()
  const request = await program.started
  if (request === null) return
  const options = readOptions(request.options)
  if ('problem' in options) {
    program.tell({ type: 'refused', problem: options.problem })
    return await program.close()
  }
  const supervision = supervise({
    request: { ...request, ...options },
    application: program.application,
    announcement: announce({ ...request, name: options.flags.name ?? null, launchedAt }),
    launchedAt,
    witnessPid: () => null,
    isCalled: true,
    onEvent: event => tellWarning(event, program),
  })
  hearSignals({ caught, supervision, program })
  void tellThatItBegan(supervision, program)
  const tasks = new AddedTasks(supervision)
  program.onAdd = message => void add(message, tasks, program)
  void program.killed.then(() => supervision.interrupt())

  await program.ended
  tasks.close()
  const end = await supervision.end(program.exit, {
    note: noteOfEnd(program),
    atOnce: () => program.wasKilled,
  })
  program.tell({ type: 'stopped', summary: end?.summary ?? null })
  await program.close()
}

async function tellThatItBegan({ started }: Supervision, program: Program): Promise<void> {
  const supervisor = await started
  if (supervisor === null) return
  const { run, problem } = supervisor
  program.tell({ type: 'ready', ...run, problem })
}

function tellWarning(event: OdopEvent, program: Program): void {
  if (event.type === 'note' && event.level === 'warning') program.tell({ type: 'warning', text: event.text })
  if (event.type === 'task-refused')
    program.tell({ type: 'warning', text: `${event.file}: ${event.problem}` })
}

async function add({ id, addition }: AddMessage, tasks: AddedTasks, program: Program): Promise<void> {
  const added: Added = await tasks.add(addition)
  program.tell({ type: 'added', id, added })
}

function noteOfEnd({ isStopped, wasKilled }: Program): string | null {
  if (isStopped)
    return 'the application has stopped odop and went on: what it did later is not in this summary'
  return wasKilled ? 'how the application ended is not known: it was killed, or a signal ended it' : null
}
