import type { AttemptId, CoreId } from '../../core/model.ts'
import type { SystemCalls } from '../../os/system-calls.ts'
import type { AttemptSpec } from '../agent.ts'
import type { FromRunner, ToRunner } from '../keeper/messages.ts'
import { Children } from './children.ts'
import { Scratch } from './context.ts'
import { errorDetails, errorText } from './error-text.ts'
import { Output } from './output.ts'
import { perform } from './perform.ts'
import { pinTo } from './settle.ts'
import { TaskModules } from './task-modules.ts'
import { Usage } from './usage.ts'

/** The attempt that executes now. */
interface Current {
  readonly attempt: AttemptId
  readonly abort: AbortController
  /** Ends it, though its function may still be running. */
  readonly fail: (text: string) => void
}

interface Outcome {
  readonly failure: string | null
  /** false: something of the attempt may still be running in this process. */
  readonly over: boolean
}

/** Executes attempts in this process, one at a time; task modules stay loaded. */
export class Runner {
  readonly #native: SystemCalls | null
  readonly #tell: (message: FromRunner) => void
  readonly #children: Children | null
  readonly #modules: TaskModules
  readonly #output: Output
  readonly #usage = new Usage()
  #cores = ''
  #current: Current | null = null

  constructor(native: SystemCalls | null, tell: (message: FromRunner) => void) {
    this.#native = native
    this.#tell = tell
    this.#children = native === null ? null : new Children(native)
    this.#modules = new TaskModules(() => this.#children?.spareAll())
    this.#output = new Output(native)
  }

  receive(message: ToRunner): void {
    if (message.type === 'attempt') void this.#execute(message.spec)
    // It names its attempt, so unlike a signal it can't hit the one after that.
    else if (message.attempt === this.#current?.attempt) this.#current.abort.abort()
  }

  /** From time to time. */
  tidyUp(): void {
    if (this.#current === null) this.#children?.endLate()
    else this.#children?.reapOrphans()
  }

  /** An exception that nothing has caught: whatever the task still does, this process gets no other attempt. */
  uncaught(error: unknown): void {
    this.#output.line(errorDetails(error))
    if (this.#current === null) process.exit(1)
    this.#current.fail(errorText(error))
  }

  /** This process exits, in the middle of an attempt only when the task wants it to. */
  exiting(code: number): void {
    if (this.#current === null) return
    this.#tellEnd(this.#current.attempt, `the task called process.exit(${code})`, false)
  }

  async #execute(spec: AttemptSpec): Promise<void> {
    const { attempt } = spec
    this.#usage.begin()
    this.#output.open(spec.logFile)
    this.#pin(spec.cores)
    const scratch = new Scratch(spec.scratch)
    const { failure, over } = await this.#outcome(spec, scratch)
    const nothingLeft = (await this.#children?.end()) ?? false
    this.#output.close(spec.logFile, { keepEmpty: failure !== null })
    scratch.remove()
    process.exitCode = undefined
    this.#current = null
    this.#tellEnd(attempt, failure, over && nothingLeft)
  }

  #outcome(spec: AttemptSpec, scratch: Scratch): Promise<Outcome> {
    return new Promise(resolve => {
      const abort = new AbortController()
      const fail = (failure: string) => resolve({ failure, over: false })
      this.#current = { attempt: spec.attempt, abort, fail }
      const log = (text: string) => this.#output.line(text)
      perform(spec, { modules: this.#modules, scratch, signal: abort.signal, log }).then(
        failure => resolve({ failure, over: true }),
        error => {
          log(errorDetails(error))
          resolve({ failure: errorText(error), over: true })
        },
      )
    })
  }

  #pin(cores: readonly CoreId[]): void {
    const wanted = cores.join()
    if (wanted === this.#cores || wanted === '' || this.#native === null) return
    pinTo(this.#native, cores)
    this.#cores = wanted
  }

  #tellEnd(attempt: AttemptId, failure: string | null, reusable: boolean): void {
    this.#tell({ type: 'ended', attempt, at: Date.now(), failure, ...this.#usage.end(), reusable })
  }
}
