/** Of a script, so many bytes are looked at: whatever is in the file behind them. */
export const HEAD_BYTES = 16 * 1024

/** What follows `ODOP` on a line of a script's head. */
export interface DirectiveLine {
  /** From 1. */
  readonly line: number
  /** Where `text` begins, from 1. */
  readonly column: number
  readonly text: string
}

export interface ScriptHead {
  readonly directives: readonly DirectiveLine[]
  /** The first line that looks like a directive but is behind the head; null: there is none. */
  readonly late: number | null
  /** Where the head ends: the first line that is no comment. */
  readonly end: number
  /** The first line says what executes it. */
  readonly hasInterpreter: boolean
}

const NOTHING: ScriptHead = { directives: [], late: null, end: 1, hasInterpreter: false }

/** With a blank before `ODOP` only what goes on with an option counts: `# ODOP runs this` is a remark. */
const DIRECTIVE = /^[ \t]*(?:#|\/\/|--|%)(?:ODOP(?=\s|$)|[ \t]+ODOP(?=[ \t]+-))/
const COMMENT = /^\s*(?:$|#|\/\/|--|%|;|\/\*|\*)/

/**
 * The directives of a file: as batch schedulers read them, only among the comments before the first command. Nothing of
 * a binary file. `##ODOP` is switched off.
 */
export function scriptHead(bytes: Uint8Array): ScriptHead {
  if (bytes.includes(0)) return NOTHING
  const text = new TextDecoder().decode(bytes)
  const lines = text.split(/\r?\n/)
  const end = lines.findIndex(line => !COMMENT.test(line))
  const headLines = end < 0 ? lines : lines.slice(0, end)
  const late = end < 0 ? -1 : lines.findIndex((line, at) => at >= end && DIRECTIVE.test(line))
  return {
    directives: headLines.flatMap((line, at) => directiveIn(line, at + 1) ?? []),
    late: late < 0 ? null : late + 1,
    end: headLines.length + 1,
    hasInterpreter: text.startsWith('#!'),
  }
}

function directiveIn(line: string, number: number): DirectiveLine | null {
  const begin = DIRECTIVE.exec(line)?.[0].length
  return begin === undefined ? null : { line: number, column: begin + 1, text: line.slice(begin) }
}
