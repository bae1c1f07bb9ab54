import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeStderr } from '../os/stderr.ts'
import { isTask, type Task } from '../tasks/task.ts'
import type { Summary } from '../views/summary-schema.ts'
import type { Added, Addition, FromSupervisor, StartRequest } from './messages.ts'
import { moduleSource } from './module-source.ts'
import { type SupervisorProcess, startSupervisor } from './supervisor-process.ts'

/** odop beside the calling program. Nothing of it throws or rejects, whatever becomes of odop. */
export interface Odop extends AsyncDisposable {
  /** The run's name; null: there is no run. */
  readonly name: string | null
  /** The run's folder; null: it could not be made. */
  readonly folder: string | null
  /** Why odop does nothing, or only measures; null: all is well. odop may also end while the program goes on. */
  readonly problem: string | null
  /** What odop has warned of so far, which is also said on stderr. */
  readonly warnings: readonly string[]
  /** Adds tasks that the program defines, or a further task folder or module. */
  add(tasks: Task | readonly Task[] | URL | string, options?: AddOptions): Promise<Added>
  /** Ends odop: works the queue off if `drain` asks for that, writes the summary, and resolves to it; null: there is none. */
  stop(): Promise<Summary | null>
}

export interface AddOptions {
  /** What the task's functions use of the program besides what they are given, by its name there. */
  readonly values?: Readonly<Record<string, unknown>> | undefined
}

/** An odop that does nothing, for the reason that it gives. */
export function inert(problem: string): Odop {
  return {
    name: null,
    folder: null,
    problem,
    warnings: [],
    add: async () => ({ tasks: [], problems: [problem] }),
    stop: async () => null,
    [Symbol.asyncDispose]: async () => {},
  }
}

/** Resolves when odop is there, or will not come. */
export async function startOdop(request: StartRequest, onEnd: () => void): Promise<Odop> {
  try {
    const odop = new RunningOdop(onEnd)
    await odop.start(request)
    return odop
  } catch (error) {
    onEnd()
    const problem = `odop could not be started: ${messageOf(error)}`
    writeStderr(`odop: ${problem}\n`)
    return inert(problem)
  }
}

/** How long a program waits for odop to begin: longer than it takes on a machine that is busy. */
const START_MILLISECONDS = 20_000

class RunningOdop implements Odop {
  name: string | null = null
  folder: string | null = null
  problem: string | null = null
  readonly warnings: string[] = []
  readonly #supervisor: SupervisorProcess
  readonly #onEnd: () => void
  readonly #answers = new Map<number, (added: Added) => void>()
  #additions = 0
  #waiting = 0
  #isGone = false
  #isStopped = false
  #stopping: Promise<Summary | null> | null = null
  #begun = () => {}
  #stopped = (_: Summary | null) => {}

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd
    this.#supervisor = startSupervisor({
      onMessage: message => this.#receive(message),
      onGone: () => this.#gone(),
    })
  }

  async start(request: StartRequest): Promise<void> {
    const begun = new Promise<void>(resolve => {
      this.#begun = resolve
    })
    const timer = setTimeout(
      () => this.#fail(`it did not begin within ${START_MILLISECONDS / 1000} s`),
      START_MILLISECONDS,
    )
    this.#supervisor.send({ type: 'start', request })
    await this.#held(begun)
    clearTimeout(timer)
  }

  async add(tasks: Task | readonly Task[] | URL | string, { values = {} }: AddOptions = {}): Promise<Added> {
    const all = await Promise.all(additions(tasks, values).map(each => this.#add(each)))
    return { tasks: all.flatMap(each => each.tasks), problems: all.flatMap(each => each.problems) }
  }

  stop(): Promise<Summary | null> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #add(addition: Addition | Unusable): Promise<Added> {
    if ('problem' in addition) return refused(addition.problem)
    if (this.#isGone || this.#stopping !== null) return refused(this.problem ?? 'odop has been stopped')
    const id = ++this.#additions
    const added = new Promise<Added>(resolve => {
      this.#answers.set(id, resolve)
    })
    this.#supervisor.send({ type: 'add', id, addition })
    return this.#held(added)
  }

  async #stop(): Promise<Summary | null> {
    if (this.#isGone) return null
    const stopped = new Promise<Summary | null>(resolve => {
      this.#stopped = resolve
    })
    this.#supervisor.send({ type: 'stop' })
    const summary = await this.#held(stopped)
    this.#supervisor.release()
    return summary
  }

  /** The program must not end while it waits for an answer, and for nothing else of odop. */
  async #held<T>(answer: Promise<T>): Promise<T> {
    this.#waiting += 1
    this.#supervisor.hold(true)
    try {
      return await answer
    } finally {
      this.#waiting -= 1
      if (this.#waiting === 0) this.#supervisor.hold(false)
    }
  }

  #receive(message: FromSupervisor): void {
    switch (message.type) {
      case 'refused':
        this.#fail(message.problem)
        return
      case 'warning':
        this.warnings.push(message.text)
        return
      case 'ready':
        this.name = message.name
        this.folder = message.folder
        this.problem = message.problem
        this.#begun()
        return
      case 'added':
        this.#answers.get(message.id)?.(message.added)
        this.#answers.delete(message.id)
        return
      case 'stopped':
        this.#isStopped = true
        this.#stopped(message.summary)
    }
  }

  #fail(problem: string): void {
    this.problem = problem
    writeStderr(`odop: ${problem}; the program goes on without odop\n`)
    this.#supervisor.release()
  }

  #gone(): void {
    this.#isGone = true
    this.#onEnd()
    if (!this.#isStopped && this.problem === null) this.#sayThatItEnded()
    this.#begun()
    this.#stopped(null)
    for (const answer of this.#answers.values())
      answer({ tasks: [], problems: [this.problem ?? 'odop has ended'] })
    this.#answers.clear()
  }

  #sayThatItEnded(): void {
    this.problem = 'odop has ended unexpectedly'
    writeStderr(`odop: ${this.problem}; the program goes on without odop\n`)
  }
}

async function refused(problem: string): Promise<Added> {
  return { tasks: [], problems: [problem] }
}

/** Each with what the supervisor needs of it, or why it can't be sent there. */
function additions(given: unknown, values: unknown): readonly (Addition | Unusable)[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  return list.map(each => (isTask(each) ? moduleSource(each, values) : placeOf(each)))
}

interface Unusable {
  readonly problem: string
}

function placeOf(given: unknown): Addition | Unusable {
  const problem = 'add() expects what task() returns, or a task folder or module'
  if (!(given instanceof URL) && (typeof given !== 'string' || given === '')) return { problem }
  try {
    return { place: String(given).startsWith('file:') ? fileURLToPath(given) : path.resolve(String(given)) }
  } catch (error) {
    return { problem: `${problem}: ${messageOf(error)}` }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
