import type { ProcessLook, ThreadId, ThreadTimes, Walk } from './system.ts'

/**
 * Adds up what threads ran, and how long they were kept waiting for a core, from look to look; what ended threads had
 * stays in the sums. Both are lost together for what comes and goes between two looks, so that their ratio is right.
 */
export class ThreadSums {
  #runSeconds = 0
  #delaySeconds = 0
  #last = new Map<number, SeenThread>()

  get runSeconds(): number {
    return this.#runSeconds
  }

  get delaySeconds(): number {
    return this.#delaySeconds
  }

  look(members: readonly ProcessLook[], walk: Walk): void {
    const now = new Map<number, SeenThread>()
    for (const member of members) {
      const threads = member.zombie ? null : walk.threadTimes(member)
      for (const [thread, times] of threads ?? []) now.set(thread, { ...times, pid: member.pid, thread })
    }
    for (const thread of now.values()) {
      const before = this.#last.get(thread.thread)
      // Less than before: another thread has the number now.
      const known = before && before.runSeconds <= thread.runSeconds ? before : null
      this.#runSeconds += thread.runSeconds - (known?.runSeconds ?? 0)
      this.#delaySeconds += Math.max(0, thread.delaySeconds - (known?.delaySeconds ?? 0))
    }
    this.#last = now
  }

  /** Those that have run longest: what will most likely want a core again. */
  busiest(count: number): ThreadId[] {
    const threads = [...this.#last.values()]
    return threads.sort((a, b) => b.runSeconds - a.runSeconds).slice(0, count)
  }

  /** What was so far does not count. */
  forget(): void {
    this.#runSeconds = 0
    this.#delaySeconds = 0
  }
}

interface SeenThread extends ThreadId, ThreadTimes {}
