import type { TaskDefinition } from '../model.ts'
import type { ItemState } from '../run-state.ts'
import { bestFit } from './best-fit.ts'
import { fifo } from './fifo.ts'
import { priority } from './priority.ts'
import { roundRobin } from './round-robin.ts'

/** A policy says in which order pending items are placed, and on which of the nodes that have room. One policy, one file. */
export interface Policy {
  readonly name: string
  /** Higher goes first; between equals the item that could have started first. Pure. */
  rank(candidate: Candidate, now: number): number
  /** `tightest`: the node that is left with the least room; `in-turn`: the one after the node that got the last item. */
  readonly nodes: 'tightest' | 'in-turn'
}

/** The next item of a task. */
export interface Candidate {
  readonly definition: TaskDefinition
  readonly item: ItemState
  /** Since when this item could have started and nothing of its task has been started. */
  readonly waitingSince: number
  /** Attempts of the task that run, those just decided included. */
  readonly running: number
  /** When it was the task's turn last, counted in starts of the run, those just decided included; 0: never. */
  readonly lastTurn: number
}

const policies: readonly Policy[] = [priority, fifo, roundRobin, bestFit]

export const policyNames: readonly string[] = policies.map(policy => policy.name)

/** For a policy of the user's own this is what takes over where that fails; for a name from a newer odop's journal, too. */
export function policyNamed(name: string): Policy {
  return policies.find(policy => policy.name === name) ?? priority
}
