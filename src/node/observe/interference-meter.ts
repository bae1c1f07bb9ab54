import {
  addInterval,
  addRecent,
  type Company,
  changeCompany,
  companySeconds,
  NO_COMPANY,
  NO_INTERFERENCE,
  type RecentInterference,
  recentSlowdown,
} from '../../core/interference.ts'
import type { AttemptId, Interference, SlowdownLook } from '../../core/model.ts'
import type { ApplicationLook } from './application-tree.ts'

/** Puts what looks find of the application's threads to the time beside attempts, or to the time alone. */
export class InterferenceMeter {
  readonly #begun = new Set<AttemptId>()
  readonly #suspended = new Set<AttemptId>()
  #company: Company = NO_COMPANY
  #total: Interference | null = null
  #recent: RecentInterference = []
  #before: Before | null = null

  /** Whether any attempt executes now, and is not suspended. */
  get hasCompany(): boolean {
    return this.#company.since !== null
  }

  began(attempt: AttemptId, at: number): void {
    this.#begun.add(attempt)
    this.#changed(at)
  }

  suspended(attempt: AttemptId, at: number): void {
    this.#suspended.add(attempt)
    this.#changed(at)
  }

  resumed(attempt: AttemptId, at: number): void {
    this.#suspended.delete(attempt)
    this.#changed(at)
  }

  ended(attempt: AttemptId, at: number): void {
    this.#begun.delete(attempt)
    this.#suspended.delete(attempt)
    this.#changed(at)
  }

  /** To be called with every look: one without a new look at the threads changes nothing. */
  looked({ lookedAt, runSeconds, runDelaySeconds }: ApplicationLook): void {
    if (lookedAt === null || runDelaySeconds === null || lookedAt === this.#before?.at) return
    const now = {
      at: lookedAt,
      runSeconds,
      delaySeconds: runDelaySeconds,
      companySeconds: companySeconds(this.#company, lookedAt),
    }
    if (this.#before !== null) this.#add(this.#before, now)
    this.#before = now
    this.#total ??= NO_INTERFERENCE
  }

  /** Since the beginning; null: the kernel does not say how long threads wait. */
  get total(): Interference | null {
    return this.#total
  }

  recent(now: number): SlowdownLook | null {
    return this.#total === null ? null : recentSlowdown(this.#recent, now)
  }

  #changed(at: number): void {
    let present = false
    for (const attempt of this.#begun) present ||= !this.#suspended.has(attempt)
    this.#company = changeCompany(this.#company, present, at)
  }

  #add(before: Before, now: Before): void {
    const interval = {
      seconds: (now.at - before.at) / 1000,
      besideSeconds: now.companySeconds - before.companySeconds,
      appCpuSeconds: now.runSeconds - before.runSeconds,
      appRunDelaySeconds: now.delaySeconds - before.delaySeconds,
    }
    this.#total = addInterval(this.#total ?? NO_INTERFERENCE, interval)
    this.#recent = addRecent(this.#recent, interval, now.at)
  }
}

interface Before {
  readonly at: number
  readonly runSeconds: number
  readonly delaySeconds: number
  readonly companySeconds: number
}
