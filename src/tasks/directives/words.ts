import type { DirectiveLine } from './head.ts'

/** A word of a directive, without its quotes. */
export interface Word {
  readonly text: string
  /** It began with a quote: whatever it looks like, it is no option. */
  readonly isQuoted: boolean
  readonly line: number
  /** Of its first character, from 1. */
  readonly column: number
}

export interface WordProblem {
  readonly line: number
  readonly column: number
  readonly message: string
  readonly fix: string | null
}

/** As a shell splits them: blanks, quotes, backslashes, and a comment from ` #` on. Nothing is expanded. */
export function splitWords({
  line,
  column,
  text,
}: DirectiveLine): { readonly words: readonly Word[] } | WordProblem {
  const words: Word[] = []
  const piece = /\s+|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)|(['"\\])/gsu
  let current: Begun | null = null
  const end = () => {
    if (current !== null) words.push({ ...current, line, column: column + current.at })
    current = null
  }
  for (const found of text.matchAll(piece)) {
    const [all, single, double, escaped, plain, lone] = found
    const place = { line, column: column + found.index }
    if (lone !== undefined) return { ...place, ...unclosed(lone) }
    if (current === null && plain?.startsWith('#')) break
    const expanded = expandedBy(double ?? plain ?? '') ?? (current === null ? homeIn(plain) : null)
    if (expanded !== null) return { ...place, ...notExpanded(expanded) }
    if (/^\s/.test(all)) {
      end()
      continue
    }
    current ??= { text: '', isQuoted: plain === undefined, at: found.index }
    current.text += single ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? escaped ?? plain ?? ''
  }
  end()
  return { words }
}

interface Begun {
  text: string
  readonly isQuoted: boolean
  readonly at: number
}

function unclosed(sign: string) {
  if (sign === '\\')
    return {
      message: 'expected a character after \\, found the end of the line',
      fix: 'several lines add up: begin each with #ODOP',
    }
  return { message: `expected a second ${sign}, found the end of the line`, fix: null }
}

/** What a shell would put something else in place of. */
function expandedBy(text: string): string | null {
  return /(?<!\\)\$(?:[A-Za-z_]\w*|\{[^}]*\}|\()/.exec(text)?.[0] ?? null
}

function homeIn(text = ''): string | null {
  return /^~[^/]*/.exec(text)?.[0] ?? null
}

function notExpanded(text: string) {
  return {
    message: `expected plain text, found ${text}: nothing is expanded in directives`,
    fix: "write what it stands for; paths are below the folder in which odop was started, and '…' makes it plain text",
  }
}
