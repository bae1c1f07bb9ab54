import { setTimeout as sleep } from 'node:timers/promises'
import { childFinder, readProcessStat, readThreads } from '../../os/proc.ts'
import type { SystemCalls } from '../../os/system-calls.ts'
import { readAllowedCores } from '../observe/allowed-cores.ts'
import { sendSignal } from './signals.ts'

/**
 * Ends descendants of this process, which is a subreaper: whatever loses its parent becomes a child of this process,
 * so a look that finds no child means that none is left, however fast they fork.
 */
export class Leftovers {
  readonly #native: SystemCalls | null
  readonly #cores: readonly number[] | null
  /** What the last look found: zombies, and those that had been sent SIGKILL. */
  #zombies = new Set<number>()
  #killed = new Set<number>()

  constructor(native: SystemCalls | null) {
    this.#native = native
    this.#cores = readAllowedCores('self')
  }

  /** Looks and kills until nothing is left but the spared children and theirs; false: not within that time. */
  async end(spared: () => ReadonlySet<number>, milliseconds: number): Promise<boolean> {
    const deadline = performance.now() + milliseconds
    for (
      let pause = SHORTEST_PAUSE_MS;
      this.look(spared()) > 0;
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
    ) {
      if (performance.now() > deadline) return false
      await sleep(pause)
    }
    return true
  }

  /** One look: SIGKILL to everything but the spared children and theirs; how many were found. */
  look(spared: ReadonlySet<number>): number {
    const childrenOf = childFinder()
    const zombies = new Set<number>()
    const killed = new Set<number>()
    const queue = childrenOf(process.pid).filter(pid => !spared.has(pid))
    const own = new Set(queue)
    for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
      const state = readProcessStat(pid)?.state
      if (state === undefined) continue
      if (state === 'Z' && own.has(pid) && this.#reaped(pid)) continue
      if (state === 'Z') zombies.add(pid)
      if (this.#killed.has(pid)) this.freeToDie(pid)
      sendSignal('SIGKILL', pid)
      killed.add(pid)
      queue.push(...childrenOf(pid))
    }
    this.#zombies = zombies
    this.#killed = killed
    return killed.size
  }

  /** Node waits for the children that it has started itself: only a zombie that it left over twice is an orphan. */
  reapOrphans(): void {
    const zombies = childFinder()(process.pid).filter(pid => readProcessStat(pid)?.state === 'Z')
    this.#zombies = new Set(zombies.filter(pid => !this.#reaped(pid)))
  }

  #reaped(pid: number): boolean {
    return this.#zombies.has(pid) && this.#native?.reap(pid) != null
  }

  /** A SCHED_IDLE process whose core is busy needs seconds to die: let it do so on any core. */
  freeToDie(pid: number): void {
    if (this.#cores === null) return
    for (const thread of readThreads(pid) ?? []) this.#native?.setAffinity(Number(thread), this.#cores)
  }
}

const SHORTEST_PAUSE_MS = 2
const LONGEST_PAUSE_MS = 100
