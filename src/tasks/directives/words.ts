import type { DirectiveLine } from './head.ts'

/** A word of a directive, without its quotes. */
export interface Word {
  readonly text: string
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
  let current: { text: string; readonly at: number } | null = null
  for (const found of text.matchAll(piece)) {
    const [all, single, double, escaped, plain, lone] = found
    const place = { line, column: column + found.index }
    if (lone !== undefined) return { ...place, ...unclosed(lone) }
    if (current === null && plain?.startsWith('#')) break
    const expanded = expandedBy(double ?? plain ?? '') ?? (current === null ? homeIn(plain) : null)
    if (expanded !== null) return { ...place, ...notExpanded(expanded) }
    if (/^\s/.test(all)) {
      if (current !== null) words.push({ text: current.text, line, column: column + current.at })
      current = null
      continue
    }
    current ??= { text: '', at: found.index }
    current.text += single ?? double?.replaceAll(/\\(["\\$`])/g, '$1') ?? escaped ?? plain ?? ''
  }
  if (current !== null) words.push({ text: current.text, line, column: column + current.at })
  return { words }
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
