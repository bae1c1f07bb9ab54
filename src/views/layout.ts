import { type Line, styled } from './lines.ts'
import { commandText } from './printable.ts'
import { pad, truncate, wrap } from './string-width.ts'
import { counted } from './units.ts'

/** Columns of what stands on the left of a value. */
export const LABEL_WIDTH = 12

/** `Label       value`, the value broken into further lines below itself. The texts are printable. */
export function labelled(label: string, value: string, width: number): readonly Line[] {
  const lines = wrap(value, Math.max(2, width - LABEL_WIDTH))
  const name = pad(truncate(label, LABEL_WIDTH - 1), LABEL_WIDTH)
  return lines.map((line, at) => [at === 0 ? name : ' '.repeat(LABEL_WIDTH), line])
}

/** What was wrapped; so much of it as about two lines take. */
export function commandLines(command: readonly string[], width: number): readonly Line[] {
  return labelled('Command', truncate(commandText(command), 2 * (width - LABEL_WIDTH) - 2), width)
}

/** `* text`, broken into further lines below itself. */
export function bulletLines(text: string, width: number): readonly Line[] {
  return wrap(text, Math.max(2, width - 4)).map((line, at) => [at === 0 ? '  * ' : '    ', line])
}

/** Says that a list was cut, and where all of it is; nothing when it was not. */
export function moreLine(more: number, noun: string, where: string): readonly Line[] {
  return more <= 0 ? [] : [[styled('dim', `  … ${counted(more, `more ${noun}`)}: see ${where}`)]]
}
