import { basename } from 'node:path'
import picomatch from 'picomatch'
import type { FileFilter } from '../core/model.ts'

/** Which files of a folder a trigger wants, and which of its folders are worth a look. */
export interface NameFilter {
  /** `below` is the path below the trigger's folder. */
  file(below: string): boolean
  folder(below: string): boolean
}

/**
 * A glob is matched against the name, or against the path below the folder when it holds a `/`; a RegExp against the name.
 * Hidden files (`.name`) and what lies in hidden folders are wanted only when the glob names them with a dot of its
 * own; a RegExp sees hidden files, but no hidden folders.
 */
export function nameFilter(filter: FileFilter | null, warn: (text: string) => void): NameFilter {
  try {
    return makeFilter(filter)
  } catch (error) {
    warn(`the trigger's filter can't be used, so no file will match it: ${(error as Error).message}`)
    return { file: () => false, folder: () => false }
  }
}

function makeFilter(filter: FileFilter | null): NameFilter {
  if (filter === null) return { file: below => !isHidden(below), folder: below => !isHidden(below) }
  if (filter.kind === 'regexp') {
    // A global or sticky expression remembers where it was and would match every other name.
    const expression = new RegExp(filter.source, filter.flags.replace(/[gy]/g, ''))
    return { file: below => expression.test(basename(below)), folder: below => !isHidden(below) }
  }
  return globFilter(filter.pattern)
}

function globFilter(pattern: string): NameFilter {
  // `s`: a name may hold a newline.
  const matches = picomatch(pattern, { flags: 's' })
  if (!pattern.includes('/')) {
    return { file: below => matches(basename(below)), folder: below => !isHidden(below) }
  }
  const namesHidden = /(^|[/{(,|])\./.test(pattern)
  return { file: below => matches(below), folder: below => namesHidden || !isHidden(below) }
}

function isHidden(below: string): boolean {
  return basename(below).startsWith('.')
}
