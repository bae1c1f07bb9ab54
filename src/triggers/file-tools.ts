import { type Search, sharedSearch } from './completeness/writer-search.ts'
import { Volumes } from './folder/network-file-system.ts'

/** How the file triggers see the machine; tests give other eyes. */
export interface FileTools {
  /** null: nobody's open files can be seen, so that files count as complete when they stand still. */
  readonly search: Search | null
  readonly volumes: Volumes
}

export function fileTools(): FileTools {
  return { search: sharedSearch(), volumes: new Volumes() }
}
