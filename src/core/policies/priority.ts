import type { Candidate, Policy } from './policy.ts'
import { isStarved } from './starved.ts'

/** An item rises by one for each full minute in which nothing of its task was started … */
const SECONDS_FOR_ONE_POINT = 60

/**
 * Higher priority first, then first come, first served.
 *
 * A task whose items do get started does not rise, however long its queue is: otherwise a deep queue of low priority
 * would soon be worth as much as anything more important.
 */
export const priority: Policy = {
  name: 'priority',
  nodes: 'tightest',
  rank({ definition, waitingSince }: Candidate, now: number): number {
    // … and goes before everything after a quarter of an hour, however far apart the priorities are.
    if (isStarved(waitingSince, now)) return Number.POSITIVE_INFINITY
    const waitedSeconds = (now - waitingSince) / 1000
    return definition.priority + Math.max(0, Math.floor(waitedSeconds / SECONDS_FOR_ONE_POINT))
  },
}
