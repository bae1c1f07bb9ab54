import type { AttemptId, CoreId } from '../../core/model.ts'
import type { SystemCalls } from '../../os/system-calls.ts'
import type { AttemptSpec } from '../agent.ts'
import type { AttemptEnd, FromRunner, RunnerNeeds, ToRunner } from '../keeper/messages.ts'
import { pinTree } from '../keeper/pin-tree.ts'
import { Children } from './children.ts'
import { prepareForCommands } from './command.ts'
import { Scratch } from './context.ts'
import { errorDetails, errorText, failureText } from './error-text.ts'
import { Output } from './output.ts'
import { enter, type Performed, perform } from './perform.ts'
import { pinTo } from './settle.ts'
import { TaskModules } from './task-modules.ts'
import { Usage } from './usage.ts'

/** The attempt that executes now. */
interface Current {
  readonly spec: AttemptSpec
  readonly abort: AbortController
  /** Ends it, though its function may still be running. */
  readonly fail: (text: string) => void
}

interface Outcome extends Performed {
  /** false: something of the attempt may still be running in this process. */
  readonly over: boolean
}

/** Ends that come closer than this are told in one message: each costs three processes some 0.1 ms. */
const TOGETHER_MS = 10

/** Executes attempts in this process, one at a time; task modules stay loaded. */
export class Runner {
  readonly #native: SystemCalls | null
  readonly #tell: (message: FromRunner) => void
  readonly #children: Children | null
  readonly #modules: TaskModules
  readonly #output: Output
  readonly #usage = new Usage()
  /** Where this process is pinned; empty: it is not yet. */
  #cores: readonly CoreId[] = []
  #current: Current | null = null
  /** What begins afterwards, and how many messages with such have arrived. */
  #followers: AttemptSpec[] = []
  #handed = 0
  /** Ends that have not been told yet. */
  readonly #ends: AttemptEnd[] = []
  #toldAt = 0

  constructor(native: SystemCalls | null, tell: (message: FromRunner) => void) {
    this.#native = native
    this.#tell = tell
    this.#children = native === null ? null : new Children(native)
    this.#modules = new TaskModules(() => this.#children?.spareAll())
    this.#output = new Output(native)
  }

  receive(message: ToRunner): void {
    if (message.type === 'attempt') void this.#execute(message.spec)
    else if (message.type === 'follow') this.#follow(message.specs, message.handed)
    else if (message.type === 'preload') this.#preload(message.needs)
    else if (message.type === 'move') this.#move(message.cores)
    else this.#abort(message.attempt)
  }

  /** Modules that look around while they are loaded find what they find when an attempt loads them. */
  #preload({ modules, cwd, commands }: RunnerNeeds): void {
    if (this.#current !== null || enter(cwd) !== null) return
    void this.#modules.preload(modules)
    if (commands) prepareForCommands()
  }

  #follow(specs: readonly AttemptSpec[], handed: number): void {
    this.#followers.push(...specs)
    this.#handed = handed
    // What it should follow has ended meanwhile.
    const first = this.#current === null ? this.#followers.shift() : undefined
    if (first !== undefined) void this.#execute(first)
  }

  /** The keeper client has pinned what it found: here it is known what comes later. */
  #move(cores: readonly CoreId[]): void {
    if (this.#native === null) return
    pinTree(this.#native, process.pid, cores)
    this.#cores = cores
  }

  #abort(attempt: AttemptId): void {
    this.#followers = []
    // It names its attempt, so unlike a signal it can't hit the one after that.
    if (attempt === this.#current?.spec.attempt) this.#current.abort.abort()
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
    this.#followers = []
    this.#tellEnd(this.#current.spec, { failure: `the task called process.exit(${code})` }, false)
  }

  async #execute(spec: AttemptSpec): Promise<void> {
    this.#usage.begin()
    this.#output.open(spec.logFile)
    this.#pin(spec.cores)
    const scratch = new Scratch(spec.scratch)
    const { over, ...performed } = await this.#outcome(spec, scratch)
    const nothingLeft = (await this.#children?.end()) ?? false
    this.#output.close(spec.logFile, { keepEmpty: performed.failure !== null })
    scratch.remove()
    process.exitCode = undefined
    this.#current = null
    const reusable = over && nothingLeft
    if (!reusable) this.#followers = []
    const next = this.#tellEnd(spec, performed, reusable)
    // This process may have been moved since it was handed over: it stays where it is.
    if (next !== undefined)
      void this.#execute({ ...next, cores: this.#native === null ? next.cores : this.#cores })
  }

  #outcome(spec: AttemptSpec, scratch: Scratch): Promise<Outcome> {
    return new Promise(resolve => {
      const abort = new AbortController()
      const fail = (failure: string) => resolve({ failure, over: false })
      this.#current = { spec, abort, fail }
      const log = (text: string) => this.#output.line(text)
      perform(spec, { modules: this.#modules, scratch, signal: abort.signal, log }).then(
        performed => resolve({ ...performed, over: true }),
        error => {
          log(errorDetails(error))
          resolve({ failure: failureText(error, spec), over: true })
        },
      )
    })
  }

  #pin(cores: readonly CoreId[]): void {
    if (cores.join() === this.#cores.join() || cores.length === 0 || this.#native === null) return
    pinTo(this.#native, cores)
    this.#cores = cores
  }

  /** Ends that come one upon the other are told together. Returns what comes next. */
  #tellEnd({ attempt }: AttemptSpec, performed: Performed, reusable: boolean): AttemptSpec | undefined {
    const next = this.#followers.shift()
    const at = Date.now()
    const names = { attempt, at, ...performed, reusable, next: next?.attempt ?? null }
    this.#ends.push({ ...names, ...this.#usage.end() })
    if (next === undefined || at - this.#toldAt >= TOGETHER_MS || at < this.#toldAt) {
      this.#toldAt = at
      this.#tell({ type: 'ended', ends: this.#ends.splice(0), handed: this.#handed })
    }
    return next
  }
}
