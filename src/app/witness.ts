import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * A tiny shell in the process group of odop and the application. What it gets was sent to the whole group, and so has
 * reached the application too.
 */
export interface Witness {
  /** null: it is not running. */
  pid(): number | null
  /**
   * To be called when a signal has come. The question asks whether all that the witness got until now is reported; false:
   * nothing is known. Its pipe keeps the order, therefore a report always comes before a later answer. A witness that was
   * not yet listening when the signal came knows nothing of it, even if it answers later.
   */
  prepareQuestion(): () => Promise<boolean>
  close(): void
}

export interface WitnessOptions {
  /** Numbers of the signals to report. */
  readonly signals: readonly number[]
  onReport(signal: number): void
  /** The shell; another one in tests. */
  readonly shell?: string
}

export function startWitness(options: WitnessOptions): Witness {
  let child: ChildProcess | null = null
  let ready = false
  let closed = false
  let startsLeft = 3
  let questions = 0
  const waiting = new Map<number, (answered: boolean) => void>()

  start()
  return {
    pid: () => child?.pid ?? null,
    prepareQuestion() {
      const asked = ready ? child : null
      return () => (asked !== null && asked === child ? question(asked) : Promise.resolve(false))
    },
    close() {
      closed = true
      child?.stdin?.end()
    },
  }

  function start() {
    startsLeft--
    try {
      child = spawnShell(options)
    } catch {
      // No memory for a process: without a witness then.
      return
    }
    child.once('error', gone).once('exit', gone)
    child.stdin?.on('error', () => {})
    if (child.stdout) createInterface({ input: child.stdout }).on('line', read)
  }

  function gone() {
    child = null
    ready = false
    for (const answer of waiting.values()) answer(false)
    // A signal that came before its traps were set may have ended it.
    if (!closed && startsLeft > 0) start()
  }

  function read(line: string) {
    if (line === 'ready') ready = true
    else if (line.startsWith('signal ')) options.onReport(Number(line.slice('signal '.length)))
    else waiting.get(Number(line))?.(true)
  }

  function question(witness: ChildProcess): Promise<boolean> {
    const number = ++questions
    return new Promise(resolve => {
      const timer = setTimeout(answer, ANSWER_LIMIT_MILLISECONDS, false)
      function answer(answered: boolean) {
        clearTimeout(timer)
        waiting.delete(number)
        resolve(answered)
      }
      waiting.set(number, answer)
      witness.stdin?.write(`${number}\n`)
    })
  }
}

function spawnShell({ shell = '/bin/sh', signals }: WitnessOptions): ChildProcess {
  return spawn(shell, ['-c', SCRIPT, 'odop-witness', ...signals.map(String)], {
    stdio: ['pipe', 'pipe', 'ignore'],
    // Nothing that the user has set for shells shall matter.
    env: {},
  })
}

/** An answer takes less than a millisecond; on a machine that is busy with the application it may take some more. */
const ANSWER_LIMIT_MILLISECONDS = 1000

/**
 * A trap interrupts `read`, which then fails (in dash with the same status as at the end of the input, so the traps set
 * `trapped`). A trap that comes just before `read` blocks is only run when the next question arrives, which is in time.
 * At the end of the input, that is when odop has ended, however it ended, the witness ends.
 */
const SCRIPT = `
for signal do trap "echo signal $signal; trapped=1" "$signal"; done
echo ready
while :; do
  trapped=
  if read -r question; then echo "$question"; elif [ -z "$trapped" ]; then exit 0; fi
done
`
