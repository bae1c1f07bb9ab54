import os from 'node:os'
import type { NodeFacts } from '../core/model.ts'
import type { AttemptReport } from '../node/agent.ts'
import { createLocalAgent, type LocalAgent } from '../node/local-agent.ts'
import { describeNode } from '../node/observe/allocation.ts'
import { findGpuPrograms, type GpuPrograms } from '../node/observe/gpus/find-tools.ts'
import { EVERYONE, FrameReader, FrameWriter } from './frames.ts'
import { sentLook } from './look.ts'
import { type AgentOptions, type FromAgent, PROTOCOL, type ToAgent } from './messages.ts'
import { NodeWatches } from './node-watches.ts'
import { stepPids } from './step-pids.ts'

export interface AgentProcessOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly version: string
  readonly read: NodeJS.ReadableStream
  /** Writes whole lines; never throws. */
  readonly write: (lines: string) => void
  /** Everything on this node has ended: the process can end. */
  readonly onEnd: () => void
}

/** The supervisor says something every few seconds. One that says nothing for so long is gone, whatever the channel looks like. */
const SILENCE_MS = 60_000
/** Between two looks until the supervisor says how often. */
const FIRST_PACE_MS = 200
/** A look that shows nothing new is sent all the same after so long, as a sign of life. */
const LONGEST_QUIET_MS = 2_000

/**
 * odop's part on a node that is not the supervisor's: the same agent as there, behind a channel. When the channel ends, or
 * nothing has come through it for long, it ends all that it has started, and itself.
 */
export class AgentProcess {
  readonly #options: AgentProcessOptions
  readonly #node: string
  readonly #writer: FrameWriter
  readonly #watches = new NodeWatches(message => this.#tell(message))
  #agent: LocalAgent | null = null
  #applicationRuns = true
  #timer: NodeJS.Timeout | null = null
  #pace = FIRST_PACE_MS
  #heardAt = performance.now()
  #sent = ''
  #sentAt = 0
  #hasBegun = false
  #closing = false

  constructor(options: AgentProcessOptions) {
    this.#options = options
    const { ODOP_NODE_NAME: given, SLURMD_NODENAME: named } = options.environment
    this.#node = given || named || os.hostname()
    this.#writer = new FrameWriter(this.#node)
    const reader = new FrameReader({
      accept: node => node === this.#node || node === EVERYONE,
      onMessage: (_, message) => this.#receive(message as ToAgent),
      onForeign: () => {},
      // What was lost may have been a start: the supervisor must not wait for it.
      onProblem: problem => this.#end(`its channel is not intact: ${JSON.stringify(problem)}`),
    })
    options.read.on('data', (chunk: Buffer) => reader.read(chunk))
    options.read.on('end', () => this.#end(null))
    options.read.on('error', () => this.#end(null))
    setInterval(() => this.#listen(), SILENCE_MS / 6)
    this.#tell({ type: 'hello', protocol: PROTOCOL, version: options.version, pid: process.pid })
  }

  /** Slurm sends signals to all steps; what they mean is for the supervisor to decide. */
  signalled(signal: string): void {
    this.#tell({ type: 'signal', signal })
  }

  #receive(message: ToAgent): void {
    this.#heardAt = performance.now()
    if (message.type === 'begin') void this.#begin(message.options)
    else if (message.type === 'close') this.#end(null)
    else if (this.#agent !== null) this.#obey(this.#agent, message)
  }

  #obey(agent: LocalAgent, message: Exclude<ToAgent, { type: 'begin' | 'close' }>): void {
    switch (message.type) {
      case 'prepare':
        agent.prepare()
        break
      case 'preload':
        agent.preload(message.needs)
        break
      case 'start':
        agent.start(message.spec)
        break
      case 'follow':
        if (!agent.follow(message.lead, message.specs))
          this.#tell({ type: 'report', report: { type: 'returned', lead: message.lead } })
        break
      case 'suspend':
        agent.suspend(message.attempt)
        break
      case 'resume':
        agent.resume(message.attempt)
        break
      case 'move':
        agent.move(message.attempt, message.cores)
        break
      case 'terminate':
        agent.terminate(message.attempt, message.graceSeconds)
        break
      case 'pace':
        this.#pace = message.milliseconds
        this.#look()
        break
      case 'measure':
        this.#tell({
          type: 'measured',
          id: message.id,
          measurement: agent.measure({ full: message.full }),
        })
        break
      case 'watch':
        this.#watches.watch(message.watch)
        break
      case 'flush':
        void this.#watches.flush(message.id)
        break
      case 'application-ended':
        this.#applicationRuns = false
        this.#look()
        break
      case 'beat':
        break
    }
  }

  async #begin(options: AgentOptions): Promise<void> {
    if (this.#hasBegun) return
    this.#hasBegun = true
    // The step of a job's agents has no GPU (`--gres=none`), whatever their tools see.
    const gpuPrograms = options.jobs.length > 0 ? null : await findGpuPrograms(this.#options.environment)
    if (this.#closing) return
    const described = describeNode({
      name: this.#node,
      env: this.#options.environment,
      excludeCores: options.excludeCores,
      reserveCores: options.reserveCores,
    })
    const facts = {
      ...described,
      memoryLimitBytes: Math.min(described.memoryLimitBytes, options.memoryBytes ?? Number.POSITIVE_INFINITY),
      ownSessions: true,
      yieldReason:
        'the application has not been started here by odop, so attempts have the lowest nice value',
      ...(gpuPrograms === null ? { gpus: [] } : {}),
    }
    this.#agent = this.#create(facts, options, gpuPrograms)
    this.#tell({ type: 'joined', facts, cause: 'begun' })
    this.#look()
  }

  #create(facts: NodeFacts, options: AgentOptions, gpuPrograms: GpuPrograms | null): LocalAgent {
    const { settings, memoryReserveBytes, memoryReserveShare, jobs } = options
    const reserve = memoryReserveBytes ?? Math.round(memoryReserveShare * facts.memoryLimitBytes)
    const steps = stepPids({ jobs, node: this.#node })
    return createLocalAgent({
      ...steps,
      // Whatever runs here was started by others.
      sessionLeft: true,
      launchedSecondsAgo: options.launchedSecondsAgo,
      facts,
      settings: { ...settings, memoryReserveBytes: reserve },
      environment: { ...options.environment, SLURMD_NODENAME: this.#options.environment['SLURMD_NODENAME'] },
      helpers: () => [],
      isOwnChild: () => false,
      applicationRuns: () => this.#applicationRuns,
      now: () => Date.now(),
      onReport: report => this.#report(report),
      onFailure: text => this.#tell({ type: 'warning', text }),
      gpuPrograms,
      onGpusKnown: facts => this.#tell({ type: 'joined', facts, cause: 'gpus' }),
      onYieldChanged: ({ facts, leaveSession }) =>
        this.#tell({ type: 'joined', facts, cause: leaveSession ? 'session' : 'yield' }),
      onMemoryShort: () => this.#look(),
      onContended: () => this.#look(),
    })
  }

  /** Looks, tells what is new, and comes back. */
  #look(): void {
    if (this.#timer) clearTimeout(this.#timer)
    if (this.#agent === null || this.#closing) return
    this.#timer = setTimeout(() => this.#look(), this.#pace)
    const look = sentLook(this.#agent.sample(), this.#agent.facts.cores)
    const text = JSON.stringify(look)
    const now = performance.now()
    if (text === this.#sent && now - this.#sentAt < LONGEST_QUIET_MS) return
    this.#sent = text
    this.#sentAt = now
    this.#tell({ type: 'look', look })
  }

  #listen(): void {
    if (performance.now() - this.#heardAt > SILENCE_MS) this.#end('nothing was heard of the supervisor')
  }

  #end(why: string | null): void {
    if (this.#closing) return
    this.#closing = true
    if (why !== null) this.#tell({ type: 'warning', text: why })
    if (this.#timer) clearTimeout(this.#timer)
    void Promise.all([this.#agent?.close(), this.#watches.close()]).then(() => {
      this.#tell({ type: 'closed' })
      this.#options.onEnd()
    })
  }

  /** What ends because the agent has to is nobody's failure. */
  #report(report: AttemptReport): void {
    const isLost = this.#closing && report.type === 'ended' && report.failure !== null
    this.#tell({ type: 'report', report: isLost ? { ...report, fault: 'agent' } : report })
  }

  #tell(message: FromAgent): void {
    this.#options.write(this.#writer.frames(message))
  }
}
