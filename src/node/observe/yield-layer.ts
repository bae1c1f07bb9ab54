import type { CoreId, NodeFacts, YieldMode } from '../../core/model.ts'
import { sessionsAreGroups } from '../../os/autogroup.ts'
import type { ApplicationLook } from './application-tree.ts'
import type { System, ThreadId } from './system.ts'
import { ThreadWatch } from './thread-watch.ts'

export interface YieldLayerOptions {
  readonly facts: NodeFacts
  /** It is known from the start that the application's session is another one, and attempts lead their own already. */
  readonly sessionLeft: boolean
  readonly system: System
  /** Threads of the application to look at. */
  readonly threads: (count: number) => readonly ThreadId[]
  /** Whether attempts execute beside a running application now. */
  readonly hasCompany: () => boolean
  /** The application was found where attempts are not: `facts` say how cores are given back from now on. */
  readonly onChanged: (change: YieldChange) => void
  /** The application waits for cores that attempts use: the next look must be now. */
  readonly onContended: () => void
}

export interface YieldChange {
  readonly facts: NodeFacts
  /** Attempts must run in sessions of their own; those that run now are beside the application as equals. */
  readonly leaveSession: boolean
}

/** As a user should read it. */
export const OWN_SESSION =
  'the application runs in a session of its own, so attempts do too, at the lowest nice value'

/**
 * In which way cores are given back. Attempts start in the application's session and CPU control group, where the kernel
 * preempts them for it; where the application leaves those, another way must be taken from then on. Of the ways, only
 * suspension needs more than the usual looks: every 50 ms, at the threads that are likely to want a core.
 */
export class YieldLayer {
  readonly #options: YieldLayerOptions
  readonly #watch: ThreadWatch
  #facts: NodeFacts
  #sessionLeft: boolean
  #contended = new Set<CoreId>()
  #threads: readonly ThreadId[] = []
  #threadsAsOf: number | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(options: YieldLayerOptions) {
    this.#options = options
    this.#facts = options.facts
    this.#sessionLeft = options.sessionLeft
    this.#watch = new ThreadWatch(options.system)
  }

  get facts(): NodeFacts {
    return this.#facts
  }

  /** Attempts lead sessions of their own. */
  get sessionLeft(): boolean {
    return this.#sessionLeft
  }

  /** To be called after each look. */
  looked(application: ApplicationLook): void {
    if (this.#facts.yieldMode === 'suspend') this.#refreshThreads(application)
    else if (application.otherCpuGroup !== null) this.#suspendFrom(application.otherCpuGroup)
    else if (application.elsewhere && !this.#sessionLeft && sessionsAreGroups()) this.#leaveSession()
  }

  /** Attempts may execute beside the application from now on. */
  companyBegan(): void {
    if (this.#facts.yieldMode === 'suspend') this.#keepWatching()
  }

  /** Cores for which the application has waited since this was asked last. */
  takeContended(): ReadonlySet<CoreId> {
    const contended = this.#contended
    if (contended.size > 0) this.#contended = new Set()
    return contended
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #suspendFrom(group: string): void {
    this.#change(
      'suspend',
      `the application runs in another CPU control group (${group}) than the tasks`,
      false,
    )
  }

  #leaveSession(): void {
    this.#sessionLeft = true
    this.#facts = { ...this.#facts, ownSessions: true }
    this.#change(this.#facts.yieldMode, OWN_SESSION, true)
  }

  #change(yieldMode: YieldMode, yieldReason: string, leaveSession: boolean): void {
    this.#facts = { ...this.#facts, yieldMode, yieldReason }
    this.#options.onChanged({ facts: this.#facts, leaveSession })
  }

  #refreshThreads({ lookedAt }: ApplicationLook): void {
    if (lookedAt !== this.#threadsAsOf) this.#threads = this.#options.threads(MOST_THREADS)
    this.#threadsAsOf = lookedAt
    this.#keepWatching()
  }

  #keepWatching(): void {
    if (this.#timer !== null || !this.#options.hasCompany()) return
    // The first look tells nothing but how it was before.
    this.#watch.look(this.#threads, performance.now())
    this.#timer = setTimeout(() => this.#look(), SHORTEST_MS).unref()
  }

  #look(): void {
    this.#timer = null
    if (!this.#options.hasCompany()) {
      this.#watch.forget()
      return
    }
    const began = performance.now()
    const contended = this.#watch.look(this.#threads, began)
    const costMs = performance.now() - began
    for (const core of contended) this.#contended.add(core)
    const pause = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, costMs / SHARE_OF_A_CORE))
    this.#timer = setTimeout(() => this.#look(), pause).unref()
    if (contended.size > 0) this.#options.onContended()
  }
}

/** A look at one thread costs some 0.02 ms; where more want cores than these, the use of cores shows it soon enough. */
const MOST_THREADS = 64
const SHARE_OF_A_CORE = 0.02
const SHORTEST_MS = 50
const LONGEST_MS = 100
