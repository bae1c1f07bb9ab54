import type { TaskDefinition } from '../model.ts'
import type { ItemState } from '../run-state.ts'
import { priority } from './priority.ts'

/** A policy says in which order pending items are placed. One policy, one file. */
export interface Policy {
  readonly name: string
  /** Higher goes first; between equals the item that could have started first. Pure. */
  rank(candidate: Candidate, now: number): number
}

/** The next item of a task. */
export interface Candidate {
  readonly definition: TaskDefinition
  readonly item: ItemState
  /** Since when this item could have started and nothing of its task has been started. */
  readonly waitingSince: number
  /** Attempts of the task that run, those just decided included. */
  readonly running: number
}

const policies: readonly Policy[] = [priority]

export const policyNames: readonly string[] = policies.map(policy => policy.name)

/** The configuration has been checked by then; a name from a newer odop's journal falls back to priority order. */
export function policyNamed(name: string): Policy {
  return policies.find(policy => policy.name === name) ?? priority
}
