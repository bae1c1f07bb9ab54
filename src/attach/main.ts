/** odop's part beside a program that has called `start()`: a child of the program, which is the application. */
import { catchSignals } from '../app/caught-signals.ts'
import { systemCalls } from '../os/system-calls.ts'
import { attach } from './attach.ts'

// From the first moment: what a terminal sends to the program and to all that is with it must not end this process.
attach(catchSignals()).finally(exitAtOnce)

/** At its own exit Node would set the terminal, which the program may have changed, back to what it was at the start of this process. */
function exitAtOnce(): void {
  systemCalls()?.exitAtOnce(0)
  process.kill(process.pid, 'SIGKILL')
}
