import path from 'node:path'
import picomatch from 'picomatch'
import type { NameFilter } from './filter.ts'

/** A glob, taken apart: the folder up to the first special character, and the pattern of what is below it; '' where nothing is special. */
export interface GlobParts {
  readonly base: string
  readonly glob: string
}

export function globParts(pattern: string): GlobParts {
  const { base, glob } = picomatch.scan(pattern)
  return { base: base === '' && path.isAbsolute(pattern) ? '/' : base, glob }
}

/** Whether a trigger's folder is a pattern. Parentheses alone are part of a name. */
export function isGlob(folder: string): boolean {
  return /[*?[{]/.test(folder)
}

export interface GlobFilterOptions {
  /** Against what is below the base, see `globParts`. */
  readonly glob: string
  /** In folders that the glob names, their subfolders too. */
  readonly recursive: boolean
  /** Of what is in a folder that the glob names, or of the name of a file that it names. */
  readonly inner: NameFilter
}

/**
 * A pattern may name folders, whose files are then wanted, or the files themselves: a path is wanted when the pattern matches it, or a
 * folder that it lies in.
 */
export function globFilter({ glob, recursive, inner }: GlobFilterOptions): NameFilter {
  // `s`: a name may hold a newline.
  const matches = picomatch(glob, { flags: 's' })
  const leadsTo = pathFilter(glob)
  const holder = (below: string) => ancestors(below).find(folder => matches(folder))
  return {
    file(below) {
      if (matches(below)) return inner.file(path.basename(below))
      const folder = path.dirname(below)
      if (matches(folder)) return inner.file(path.basename(below))
      const named = recursive ? holder(below) : undefined
      return named !== undefined && inner.file(below.slice(named.length + 1))
    },
    folder(below) {
      if (leadsTo(below)) return true
      const named = recursive ? holder(below) : undefined
      return named !== undefined && inner.folder(below.slice(named.length + 1))
    },
  }
}

/** `a/b/c`: `a`, `a/b`. */
function ancestors(below: string): string[] {
  const names = below.split('/')
  return names.slice(1).map((_, at) => names.slice(0, at + 1).join('/'))
}

/** Whether something in a folder may match: its names are held against the pattern's one by one. */
function pathFilter(glob: string): (below: string) => boolean {
  const parts = glob.split('/')
  const isSimple = parts.every(part => balanced(part))
  const checks = parts.map(part => (part === '**' ? null : picomatch(part, { flags: 's' })))
  return below => {
    const names = below.split('/')
    if (!isSimple) return !names.some(isHidden)
    for (const [at, name] of names.entries()) {
      const check = checks[at]
      if (check === null) return !names.slice(at).some(isHidden)
      if (check === undefined || !check(name)) return false
    }
    return true
  }
}

/** A `/` within braces or brackets separates no names. */
function balanced(part: string): boolean {
  const count = (character: string) => part.split(character).length
  return count('{') === count('}') && count('(') === count(')') && count('[') === count(']')
}

function isHidden(name: string): boolean {
  return name.startsWith('.')
}
