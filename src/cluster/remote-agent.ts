import type { AttemptId, CoreId, NodeFacts, NodeSnapshot } from '../core/model.ts'
import type { Agent, AttemptReport, AttemptSpec, NodeMeasurement } from '../node/agent.ts'
import type { RunnerNeeds } from '../node/keeper/messages.ts'
import { LookReader } from './look.ts'
import {
  type AgentOptions,
  type FoundFiles,
  type FromAgent,
  type JoinCause,
  PROTOCOL,
  type ToAgent,
  type Watch,
} from './messages.ts'

export interface RemoteAgentOptions {
  readonly node: string
  readonly begin: Omit<AgentOptions, 'launchedSecondsAgo'>
  /** Milliseconds since the epoch. */
  readonly launchedAt: number
  /** The version of this odop: another one on the node would not understand us. */
  readonly version: string
  readonly send: (message: ToAgent) => void
  readonly onJoined: (facts: NodeFacts, cause: JoinCause) => void
  readonly onReport: (report: AttemptReport) => void
  /** Files of its node are complete; they may have a work item already. */
  readonly onFound: (node: string, found: FoundFiles) => void
  readonly onWarning: (text: string) => void
  readonly onSignal: (signal: string) => void
  readonly now: () => number
}

/** An agent behind a channel, as the supervisor deals with it. Nothing here waits; what is sent to a lost one is dropped. */
export class RemoteAgent implements Agent {
  readonly node: string
  /** It has begun, or is lost. */
  readonly begun: Promise<void>
  readonly #options: RemoteAgentOptions
  readonly #running = new Set<AttemptId>()
  readonly #asked = new Map<number, (measurement: NodeMeasurement | null) => void>()
  readonly #watches: Watch[] = []
  readonly #flushes = new Map<number, () => void>()
  #facts: NodeFacts | null = null
  #looks: LookReader | null = null
  #snapshot: NodeSnapshot | null = null
  #heardAt: number
  #lastFlush = 0
  /** What is to be said when it has begun. */
  #isNeeded = false
  #needs: RunnerNeeds | null = null
  #pace = 0
  #state: 'opening' | 'open' | 'closing' | 'gone' = 'opening'
  #afterBegin: () => void = () => {}
  #afterEnd: (() => void) | null = null

  constructor(options: RemoteAgentOptions) {
    this.#options = options
    this.node = options.node
    this.#heardAt = options.now()
    this.begun = new Promise(resolve => {
      this.#afterBegin = resolve
    })
  }

  /** null: it has not begun yet. */
  get facts(): NodeFacts | null {
    return this.#facts
  }

  /** It can be given attempts. */
  get isOpen(): boolean {
    return this.#state === 'open'
  }

  get isGone(): boolean {
    return this.#state === 'gone'
  }

  /** The last look that has arrived; null: none has, or none will. */
  sample(): NodeSnapshot | null {
    return this.#state === 'open' ? this.#snapshot : null
  }

  /** Since when nothing was heard of it, ms since the epoch. */
  get heardAt(): number {
    return this.#heardAt
  }

  prepare(): void {
    this.#isNeeded = true
    if (this.isOpen) this.#send({ type: 'prepare' })
  }

  preload(needs: RunnerNeeds): void {
    this.#needs = needs
    if (this.isOpen) this.#send({ type: 'preload', needs })
  }

  start(spec: AttemptSpec): void {
    this.#running.add(spec.attempt)
    if (this.isOpen) this.#send({ type: 'start', spec })
    // Not before this call has returned.
    else setImmediate(() => this.#lose(spec.attempt, 'it takes no more attempts'))
  }

  follow(lead: AttemptId, specs: readonly AttemptSpec[]): boolean {
    if (!this.#running.has(lead) || !this.isOpen) return false
    this.#send({ type: 'follow', lead, specs })
    return true
  }

  suspend(attempt: AttemptId): void {
    this.#send({ type: 'suspend', attempt })
  }

  resume(attempt: AttemptId): void {
    this.#send({ type: 'resume', attempt })
  }

  move(attempt: AttemptId, cores: readonly CoreId[]): boolean {
    if (!this.#running.has(attempt) || !this.isOpen) return false
    this.#send({ type: 'move', attempt, cores })
    return true
  }

  terminate(attempt: AttemptId, graceSeconds: number): void {
    this.#send({ type: 'terminate', attempt, graceSeconds })
  }

  /** Tells of files that are complete on its node from now on, or from when it begins. */
  watch(watch: Watch): void {
    this.#watches.push(watch)
    if (this.isOpen) this.#send({ type: 'watch', watch })
  }

  /** Resolves when it has told of all that was complete by now, or is gone; at once when it has not begun. */
  flush(): Promise<void> {
    if (this.#watches.length === 0 || !this.isOpen) return Promise.resolve()
    this.#lastFlush += 1
    const id = this.#lastFlush
    return new Promise(resolve => {
      this.#flushes.set(id, resolve)
      this.#send({ type: 'flush', id })
    })
  }

  applicationEnded(): void {
    if (this.isOpen) this.#send({ type: 'application-ended' })
  }

  /** How often it is to look. */
  pace(milliseconds: number): void {
    if (milliseconds === this.#pace) return
    this.#pace = milliseconds
    if (this.isOpen) this.#send({ type: 'pace', milliseconds })
  }

  beat(): void {
    if (this.#state === 'open') this.#send({ type: 'beat' })
  }

  /** What the node has used; null: the agent is gone. @param id another one each time, for all agents the same */
  measure(id: number, full: boolean): Promise<NodeMeasurement | null> {
    if (!this.isOpen) return Promise.resolve(null)
    return new Promise(resolve => {
      this.#asked.set(id, resolve)
      this.#send({ type: 'measure', id, full })
    })
  }

  /** Resolves when it has ended everything on its node, or is gone. */
  close(): Promise<void> {
    if (this.#state === 'gone') return Promise.resolve()
    this.#send({ type: 'close' })
    this.#state = 'closing'
    return new Promise(resolve => {
      this.#afterEnd = resolve
    })
  }

  /** It, or its channel, has ended: what ran there is tried elsewhere. */
  gone(why: string): void {
    if (this.#state === 'gone') return
    const wasOpen = this.#state === 'open' || this.#state === 'opening'
    this.#state = 'gone'
    this.#afterBegin()
    for (const resolve of this.#asked.values()) resolve(null)
    this.#asked.clear()
    for (const id of [...this.#flushes.keys()]) this.#flushed(id)
    for (const attempt of [...this.#running]) this.#lose(attempt, why)
    if (wasOpen) this.#options.onWarning(`the agent on ${this.node} is lost: ${why}`)
    this.#afterEnd?.()
  }

  receive(message: FromAgent): void {
    this.#heardAt = this.#options.now()
    if (this.#state === 'gone') return
    switch (message.type) {
      case 'hello':
        this.#greet(message)
        break
      case 'joined':
        this.#facts = likeTheLast(message.facts)
        this.#looks = new LookReader(this.#facts.cores)
        if (this.#state === 'opening') this.#opened()
        this.#options.onJoined(this.#facts, message.cause)
        break
      case 'look':
        this.#snapshot = this.#looks?.read(message.look) ?? null
        break
      case 'report':
        this.#reported(message.report)
        break
      case 'measured':
        this.#asked.get(message.id)?.(message.measurement)
        this.#asked.delete(message.id)
        break
      case 'fired':
        this.#options.onFound(this.node, message.found)
        break
      case 'flushed':
        this.#flushed(message.id)
        break
      case 'warning':
        this.#options.onWarning(`${this.node}: ${message.text}`)
        break
      case 'signal':
        this.#options.onSignal(message.signal)
        break
      case 'closed':
        this.gone('it has ended')
        break
    }
  }

  #opened(): void {
    this.#state = 'open'
    this.#afterBegin()
    if (this.#isNeeded) this.#send({ type: 'prepare' })
    if (this.#needs !== null) this.#send({ type: 'preload', needs: this.#needs })
    for (const watch of this.#watches) this.#send({ type: 'watch', watch })
    if (this.#pace > 0) this.#send({ type: 'pace', milliseconds: this.#pace })
  }

  /** Where it can't be told what the application is, what it has used so far is not known either. */
  #begin(): AgentOptions {
    const { begin, launchedAt, now } = this.#options
    const seconds = begin.jobs.length === 0 ? 0 : Math.max(0, now() - launchedAt) / 1000
    return { ...begin, launchedSecondsAgo: seconds }
  }

  #greet({ protocol, version }: Extract<FromAgent, { type: 'hello' }>): void {
    if (protocol === PROTOCOL && version === this.#options.version) {
      this.#send({ type: 'begin', protocol: PROTOCOL, options: this.#begin() })
      return
    }
    this.#send({ type: 'close' })
    this.gone(`it is of odop ${version}, and this is ${this.#options.version}: install the same on all nodes`)
  }

  #reported(report: AttemptReport): void {
    if (report.type === 'began') this.#running.add(report.attempt)
    if (report.type === 'ended') this.#running.delete(report.attempt)
    this.#options.onReport(report)
  }

  #flushed(id: number): void {
    this.#flushes.get(id)?.()
    this.#flushes.delete(id)
  }

  #lose(attempt: AttemptId, why: string): void {
    this.#running.delete(attempt)
    const usage = { wallSeconds: 0, cpuSeconds: 0, peakMemoryBytes: 0 }
    const end = { type: 'ended', attempt, at: this.#options.now(), usage, next: null } as const
    this.#options.onReport({ ...end, failure: `the agent on ${this.node} is lost: ${why}`, fault: 'agent' })
    this.#options.onReport({ type: 'returned', lead: attempt })
  }

  #send(message: ToAgent): void {
    if (this.#state !== 'gone') this.#options.send(message)
  }
}

/** Nodes of a job are mostly alike: what thousands of them have in common is kept once. */
function likeTheLast(facts: NodeFacts): NodeFacts {
  const { cores, usableCores, topology } = facts
  const text = JSON.stringify([cores, usableCores, topology])
  if (last?.text !== text) last = { text, parts: { cores, usableCores, topology } }
  return { ...facts, ...last.parts }
}

let last: {
  readonly text: string
  readonly parts: Pick<NodeFacts, 'cores' | 'usableCores' | 'topology'>
} | null = null
