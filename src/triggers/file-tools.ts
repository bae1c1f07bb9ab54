import { type AskLease, leaseAsker } from './completeness/lease.ts'
import { type Search, sharedSearch } from './completeness/writer-search.ts'
import { Volumes } from './folder/network-file-system.ts'

/** How the file triggers see the machine; tests give other eyes. */
export interface FileTools {
  /** With neither of these, nobody's open files can be seen, and files count as complete when they stand still. */
  readonly askLease: AskLease | null
  readonly search: Search | null
  readonly volumes: Volumes
}

export function fileTools(): FileTools {
  return { askLease: leaseAsker(), search: sharedSearch(), volumes: new Volumes() }
}
