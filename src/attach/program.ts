import { Socket } from 'node:net'
import type { Application, ApplicationExit } from '../app/launch.ts'
import {
  CHANNEL_FD,
  type FromSupervisor,
  lineReader,
  type StartRequest,
  type ToSupervisor,
} from '../program/messages.ts'

export type AddMessage = Extract<ToSupervisor, { type: 'add' }>

/** The program that has started this process, as it is heard of through the channel, whose end is the program's end. */
export class Program {
  /** null: it has ended before it said what it wants. */
  readonly started: Promise<StartRequest | null>
  /** It wants odop to end, or has ended itself. */
  readonly ended: Promise<void>
  /** It has ended without a word: killed, or by a signal. */
  readonly killed: Promise<void>
  /** Told of tasks to add. */
  onAdd: (message: AddMessage) => void = () => {}
  readonly #pid = process.ppid
  readonly #socket = new Socket({ fd: CHANNEL_FD, readable: true, writable: true })
  readonly #look: NodeJS.Timeout
  #start = (_: StartRequest | null) => {}
  #end = () => {}
  #kill = () => {}
  #exitCode: number | null = null
  #isStopped = false
  #isGone = false
  #wasKilled = false

  constructor() {
    this.started = new Promise(resolve => {
      this.#start = resolve
    })
    this.killed = new Promise(resolve => {
      this.#kill = resolve
    })
    this.ended = new Promise(resolve => {
      this.#end = resolve
    })
    const gone = () => this.#gone()
    this.#look = setInterval(() => {
      if (process.ppid !== this.#pid) gone()
    }, LOOK_AT_PARENT_MS)
    this.#socket.setEncoding('utf8')
    this.#socket.on(
      'data',
      lineReader<ToSupervisor>(message => this.#receive(message)),
    )
    this.#socket.on('end', gone).on('error', gone).on('close', gone)
  }

  get wasKilled(): boolean {
    return this.#wasKilled
  }

  /** It has asked for the end and goes on itself. */
  get isStopped(): boolean {
    return this.#isStopped && !this.#isGone
  }

  get application(): Application {
    return {
      pid: this.#pid,
      isRunning: () => !this.#isGone,
      ended: this.ended.then(() => this.exit),
    }
  }

  /** Of a program that was killed, or goes on, there is neither a code nor a signal. */
  get exit(): ApplicationExit {
    return { code: this.#exitCode, signal: null, spawnError: null }
  }

  tell(message: FromSupervisor): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`)
  }

  /** Sends what is left. Never rejects; the program may not read, or be gone. */
  close(): Promise<void> {
    clearInterval(this.#look)
    return new Promise(resolve => {
      setTimeout(resolve, CLOSE_MS)
      this.#socket.once('close', () => resolve())
      if (this.#socket.destroyed) resolve()
      else this.#socket.end(() => resolve())
    })
  }

  #receive(message: ToSupervisor): void {
    switch (message.type) {
      case 'start':
        this.#start(message.request)
        return
      case 'add':
        this.onAdd(message)
        return
      case 'stop':
        this.#isStopped = true
        this.#end()
        return
      case 'exit':
        this.#exitCode = message.code
    }
  }

  #gone(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#wasKilled = this.#exitCode === null
    clearInterval(this.#look)
    this.#start(null)
    // First: who waits for the end asks then whether it was killed.
    if (this.#wasKilled) this.#kill()
    this.#end()
  }
}

/** A process that the program has forked without executing anything may keep the channel open: then the parent tells. */
const LOOK_AT_PARENT_MS = 500
/** The program may be stopped, or compute. */
const CLOSE_MS = 3_000
