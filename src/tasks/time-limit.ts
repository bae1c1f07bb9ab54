import { readdirSync, readFileSync } from 'node:fs'

/** How long a child with user code may take for one piece of work. Time in which it waits for a core does not count. */
export interface TimeLimit {
  /** A piece of work begins. */
  restart(): void
  stop(): void
  over(): boolean
}

export interface TimeLimitOptions {
  readonly pid: number | undefined
  readonly seconds: number
  /** Called once, when it took longer. */
  readonly onOver: () => void
}

export function timeLimit({ pid, seconds, onOver }: TimeLimitOptions): TimeLimit {
  let began = 0
  let waitedBefore = 0
  let over = false
  let timer: NodeJS.Timeout | undefined
  const look = (): void => {
    const elapsed = (performance.now() - began) / 1000
    const waited = Math.max(0, runQueueSeconds(pid) - waitedBefore)
    const left = Math.min(seconds - (elapsed - waited), LONGEST_WAIT * seconds - elapsed)
    if (left > 0) {
      timer = setTimeout(look, Math.max(left * 1000, 50))
      return
    }
    over = true
    onOver()
  }
  return {
    restart() {
      clearTimeout(timer)
      began = performance.now()
      waitedBefore = runQueueSeconds(pid)
      // A little later than the limit: a report that has come meanwhile is read before timers are looked at again.
      timer = setTimeout(() => setImmediate(look), seconds * 1000)
    },
    stop: () => clearTimeout(timer),
    over: () => over,
  }
}

/** Code that loops beside a busy application waits for a core again and again: so many times its limit is the end. */
const LONGEST_WAIT = 10

/** How long the threads of a process have been ready to run without a core; 0 where the kernel does not say. */
function runQueueSeconds(pid: number | undefined): number {
  let nanoseconds = 0
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[1])
    }
  } catch {
    // A thread, or the process, has just ended; or this is not Linux.
  }
  return nanoseconds / 1e9
}
